-- data.sql: for pgTAP files that need real data, which the harness has loaded into this database (test/lib/load.sql).
-- Sets no_data; where the data folder is absent it prints the line by which the file is skipped as a whole:
--   \ir ../lib/data.sql
--   \if :no_data \q \endif      (on three lines)
SELECT to_regclass('public.online_retail') IS NULL AS no_data \gset
\if :no_data
\echo '1..0 # SKIP no data folder: set SEGMENT_DATA'
\endif
