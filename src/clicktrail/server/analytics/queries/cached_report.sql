-- As cached_overview.sql, for one campaign and its report with details.
SELECT
    changes.campaign AS campaign,
    changes.version  AS latest_version,
    cached.version   AS report_version,
    counted_at,
    counting_checksum,
    report
FROM (SELECT campaign, version FROM campaign_changes FINAL WHERE campaign = {campaign:String}) AS changes
LEFT JOIN
(
    SELECT campaign, version, counted_at, counting_checksum, report
    FROM cached_reports FINAL
    WHERE has_details AND campaign = {campaign:String}
) AS cached USING (campaign)
SETTINGS date_time_output_format = 'iso'
