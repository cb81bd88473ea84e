SELECT maxOrNull(at) AS last_click_at
FROM address_clicks
SETTINGS date_time_output_format = 'iso'
