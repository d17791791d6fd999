
-- What long calls are doing

CREATE FUNCTION segment_internal.progress_list(OUT pid int, OUT database oid, OUT role oid, OUT level int, OUT operation text, OUT done bigint, OUT total bigint, OUT memory_bytes bigint, OUT started timestamptz)
  RETURNS SETOF record AS 'MODULE_PATHNAME', 'segment_progress_list' LANGUAGE C VOLATILE PARALLEL SAFE ROWS 10;
COMMENT ON FUNCTION segment_internal.progress_list() IS 'Long calls of this extension that are under way (fits, refreshes): a row a level, the outermost is level 1. Shows calls of roles that the caller has the privileges of; all to members of pg_read_all_stats. Servers before version 17 need the library preloaded: elsewhere no rows, and a NOTICE. See view progress.';

CREATE VIEW segment.progress WITH (security_invoker = true) AS
SELECT p.pid, d.datname AS database, pg_get_userbyid(p.role) AS role, p.level, p.operation, p.done, p.total,
       p.done::float8 / p.total AS share, p.memory_bytes, p.started
FROM segment_internal.progress_list() p LEFT JOIN pg_database d ON d.oid = p.database;
COMMENT ON VIEW segment.progress IS 'Long calls of this extension that are under way, in all connections: fits, refreshes. Servers before version 17 need segment in shared_preload_libraries; elsewhere the calls say how far they are by a NOTICE.';
COMMENT ON COLUMN segment.progress.pid IS 'Process of the connection; pg_cancel_backend(pid) stops the call';
COMMENT ON COLUMN segment.progress.database IS 'Database of the connection';
COMMENT ON COLUMN segment.progress.role IS 'Role that the call runs as';
COMMENT ON COLUMN segment.progress.level IS '1 is the call itself, 2 what it does within';
COMMENT ON COLUMN segment.progress.operation IS 'What is being done';
COMMENT ON COLUMN segment.progress.done IS 'Steps done; not all steps take equally long';
COMMENT ON COLUMN segment.progress.total IS 'Steps in all; NULL if not known';
COMMENT ON COLUMN segment.progress.share IS 'done / total, 0 to 1; NULL if the total is not known';
COMMENT ON COLUMN segment.progress.memory_bytes IS 'Working memory of the call in bytes, compared with maintenance_work_mem before it was taken; NULL if not known';
COMMENT ON COLUMN segment.progress.started IS 'When the level began';
GRANT SELECT ON segment.progress TO PUBLIC;
GRANT SELECT ON segment.progress TO @extowner@, pg_database_owner WITH GRANT OPTION;
