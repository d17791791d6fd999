-- segmentation: what a refresh is at, for the view segment.progress

CREATE FUNCTION segment_internal.progress_begin(what text) RETURNS void AS 'MODULE_PATHNAME', 'segment_refresh_begin' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION segment_internal.progress_begin(text) IS 'shows a long call in segment.progress until progress_end, an error or the end of the transaction';
CREATE FUNCTION segment_internal.progress_next(step text) RETURNS void AS 'MODULE_PATHNAME', 'segment_refresh_next' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION segment_internal.progress_next(text) IS 'shows the step that the call of progress_begin is at';
CREATE FUNCTION segment_internal.progress_end() RETURNS void AS 'MODULE_PATHNAME', 'segment_refresh_end' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION segment_internal.progress_end() IS 'ends what progress_begin began';
