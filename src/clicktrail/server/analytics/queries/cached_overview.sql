-- Every campaign with its last change and its cached report without details; the report is empty if none is cached.
SELECT
    changes.campaign AS campaign,
    changes.version  AS latest_version,
    cached.version   AS report_version,
    counted_at,
    counting_checksum,
    report
FROM (SELECT campaign, version FROM campaign_changes FINAL) AS changes
LEFT JOIN
(
    SELECT campaign, version, counted_at, counting_checksum, report
    FROM cached_reports FINAL
    WHERE NOT has_details
) AS cached USING (campaign)
SETTINGS date_time_output_format = 'iso'
