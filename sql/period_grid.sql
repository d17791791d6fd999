-- Calendar grids: months, weeks, fiscal years, boundaries of the caller's own; finding a day's period; and what is refused.
SET datestyle = ISO;
SELECT segment.periods('month', '2025-01-15', '2025-03-01') AS months, segment.periods('week', '2025-01-01', '2025-01-10') AS iso_weeks,
       segment.periods('week', '2025-01-01', '2025-01-10', first_day => 7) AS weeks_from_sunday,
       segment.periods('year', '2024-05-01', '2025-04-01', first_month => 4) AS fiscal_year, segment.periods('28 days', '2025-01-06', '2025-02-01') AS days;
SELECT * FROM segment.periods_table('{2025-01-27,2025-02-24,2025-03-31}', as_of => '2025-02-23');

-- half-open: the boundary belongs to the period that it begins; outside there is none
SELECT day, segment.period_of('{2025-01-01,2025-02-01,2025-03-01}', day)
FROM unnest('{2024-12-31,2025-01-01,2025-01-31,2025-02-01,2025-03-01}'::date[]) day;
SELECT segment.periods('month', '2025-01-01', '2025-03-01') OPERATOR(segment.=) '{2025-01-01,2025-02-01,2025-03-01}'::segment.periods AS same;

-- refused
SELECT segment.periods('fortnight', '2025-01-01', '2025-02-01');
SELECT segment.periods('month', '2025-02-01', '2025-01-01');
SELECT '{2025-02-01,2025-01-01}'::segment.periods;
