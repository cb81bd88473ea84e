SELECT maxOrNull(at) AS last
FROM visits
SETTINGS date_time_output_format = 'iso'
