-- The board of long calls: anybody may look, and nothing is under way. What it shows of calls that run is tested by test/t/060_progress.pl.
SET client_min_messages = warning; -- before version 17 the board needs the library preloaded, else a NOTICE says so
SELECT pid, database, role, level, operation, done, total, share, memory_bytes, started FROM segment.progress WHERE database = current_database();
CREATE ROLE regress_segment_reader;
SET ROLE regress_segment_reader;
SELECT count(*) FROM segment.progress WHERE database = current_database();
INSERT INTO segment.progress (pid) VALUES (1);
RESET ROLE;
DROP ROLE regress_segment_reader;
