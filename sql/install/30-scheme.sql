-- scheme: named segments as tables of rules

CREATE TABLE segment.scheme (
  name text NOT NULL,
  shipped boolean NOT NULL DEFAULT false,
  bins smallint NOT NULL DEFAULT 5,
  title text,
  source text,
  PRIMARY KEY (name, shipped),
  CONSTRAINT scheme_name_length CHECK (char_length(name) BETWEEN 1 AND 63),
  CONSTRAINT scheme_bins_range CHECK (bins BETWEEN 2 AND 9)
);
COMMENT ON TABLE segment.scheme IS
  'one row a scheme: a list of rules that turns an rfm_score into a named segment. Add your own rows, or start from '
  'copy_scheme(); a scheme of yours hides a shipped one of the same name';
COMMENT ON COLUMN segment.scheme.name IS 'what label() and its companions are given; 1 to 63 characters';
COMMENT ON COLUMN segment.scheme.shipped IS
  'true for schemes that come with the extension: they cannot be changed, and the flag cannot be set; false for yours';
COMMENT ON COLUMN segment.scheme.bins IS 'scores of this scheme are 1 to bins in each dimension, bins is best; 2 to 9';
COMMENT ON COLUMN segment.scheme.title IS 'what the scheme is, in a few words';
COMMENT ON COLUMN segment.scheme.source IS 'where the scheme comes from';

CREATE TABLE segment.scheme_rule (
  scheme text NOT NULL,
  shipped boolean NOT NULL DEFAULT false,
  position smallint NOT NULL,
  segment text NOT NULL,
  r_lower smallint,
  r_upper smallint,
  f_lower smallint,
  f_upper smallint,
  m_lower smallint,
  m_upper smallint,
  orders_lower bigint,
  orders_upper bigint,
  tenure_days_lower integer,
  tenure_days_upper integer,
  sort smallint,
  meaning text,
  action text,
  colour text,
  PRIMARY KEY (scheme, shipped, position),
  CONSTRAINT scheme_rule_scheme_exists FOREIGN KEY (scheme, shipped) REFERENCES segment.scheme (name, shipped)
    ON UPDATE CASCADE ON DELETE CASCADE,
  CONSTRAINT scheme_rule_position_range CHECK (position BETWEEN 1 AND 999),
  CONSTRAINT scheme_rule_segment_length CHECK (char_length(segment) BETWEEN 1 AND 63),
  CONSTRAINT scheme_rule_segment_reserved CHECK
    (segment NOT IN ('Others', 'No orders', 'Prospect', 'Unknown customer', 'Not a customer', 'No customer any more')),
  CONSTRAINT scheme_rule_r_bounds CHECK (r_lower BETWEEN 1 AND 9 AND r_upper BETWEEN 1 AND 9 AND r_lower <= r_upper),
  CONSTRAINT scheme_rule_f_bounds CHECK (f_lower BETWEEN 1 AND 9 AND f_upper BETWEEN 1 AND 9 AND f_lower <= f_upper),
  CONSTRAINT scheme_rule_m_bounds CHECK (m_lower BETWEEN 1 AND 9 AND m_upper BETWEEN 1 AND 9 AND m_lower <= m_upper),
  CONSTRAINT scheme_rule_orders_bounds CHECK (orders_lower >= 1 AND orders_upper >= 1 AND orders_lower <= orders_upper),
  CONSTRAINT scheme_rule_tenure_bounds CHECK
    (tenure_days_lower >= 0 AND tenure_days_upper >= 0 AND tenure_days_lower <= tenure_days_upper),
  CONSTRAINT scheme_rule_sort_range CHECK (sort BETWEEN 1 AND 999),
  CONSTRAINT scheme_rule_colour_form CHECK (colour ~ '^#[0-9A-Fa-f]{6}$')
);
COMMENT ON TABLE segment.scheme_rule IS
  'the rules of each scheme: the first by position whose bounds all hold names the segment; several rules may name the '
  'same one. NULL is no bound. Where no rule matches the label is Others. Bounds beyond the scheme''s bins are refused (23514)';
COMMENT ON COLUMN segment.scheme_rule.scheme IS 'the scheme''s name';
COMMENT ON COLUMN segment.scheme_rule.shipped IS 'as the scheme''s: leave it out for rules of yours';
COMMENT ON COLUMN segment.scheme_rule.position IS 'the first rule that matches, by position, wins; 1 to 999';
COMMENT ON COLUMN segment.scheme_rule.segment IS
  'the segment''s name; 1 to 63 characters. Others, No orders and Prospect are given by label() itself, '
  'Unknown customer, Not a customer and No customer any more by the views of segmentations';
COMMENT ON COLUMN segment.scheme_rule.r_lower IS 'lowest recency score, inclusive; NULL: no bound';
COMMENT ON COLUMN segment.scheme_rule.r_upper IS 'highest recency score, inclusive; NULL: no bound';
COMMENT ON COLUMN segment.scheme_rule.f_lower IS 'lowest frequency score, inclusive; NULL: no bound';
COMMENT ON COLUMN segment.scheme_rule.f_upper IS 'highest frequency score, inclusive; NULL: no bound';
COMMENT ON COLUMN segment.scheme_rule.m_lower IS 'lowest monetary score, inclusive; NULL: no bound';
COMMENT ON COLUMN segment.scheme_rule.m_upper IS 'highest monetary score, inclusive; NULL: no bound';
COMMENT ON COLUMN segment.scheme_rule.orders_lower IS
  'fewest orders, inclusive; NULL: no bound. A rule with a bound of orders or tenure never matches by scores alone';
COMMENT ON COLUMN segment.scheme_rule.orders_upper IS 'most orders, inclusive; NULL: no bound';
COMMENT ON COLUMN segment.scheme_rule.tenure_days_lower IS 'fewest days since the first order, inclusive; NULL: no bound';
COMMENT ON COLUMN segment.scheme_rule.tenure_days_upper IS 'most days since the first order, inclusive; NULL: no bound';
COMMENT ON COLUMN segment.scheme_rule.sort IS
  'rank of the segment, 1 is best, up to 999; the first rule of a segment that states it counts. NULL everywhere: the '
  'position of the segment''s first rule';
COMMENT ON COLUMN segment.scheme_rule.meaning IS 'who is in the segment; the first rule of a segment that states it counts';
COMMENT ON COLUMN segment.scheme_rule.action IS 'what to do about them; the first rule of a segment that states it counts';
COMMENT ON COLUMN segment.scheme_rule.colour IS
  'colour in charts, as #RRGGBB; the first rule of a segment that states it counts';

-- A plain database owner who installed the extension owns neither table: these grants let the owner edit schemes, hand
-- that on, and dump and restore; also where a superuser has restored the dump, and so installed the extension again.
GRANT SELECT ON segment.scheme, segment.scheme_rule TO PUBLIC;
GRANT SELECT, INSERT, UPDATE, DELETE ON segment.scheme, segment.scheme_rule TO @extowner@, pg_database_owner WITH GRANT OPTION;

-- Shipped rows come with the extension; only the others are dumped. The flag is part of the key, so a user's scheme and
-- a shipped one of the same name never collide: neither when a new version ships the name, nor when an old dump is
-- restored under a new version. An upgrade script writes shipped rows like any others: the triggers below let it.
SELECT pg_catalog.pg_extension_config_dump('segment.scheme', 'WHERE NOT shipped');
SELECT pg_catalog.pg_extension_config_dump('segment.scheme_rule', 'WHERE NOT shipped');

CREATE FUNCTION segment_internal.scheme_guard() RETURNS trigger
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'segment_scheme_guard';
COMMENT ON FUNCTION segment_internal.scheme_guard() IS
  'trigger of scheme: shipped rows change in the extension''s own scripts only (55000), bins must fit the rules (23514), '
  'and a name that exists on the other side is told in a warning';

CREATE FUNCTION segment_internal.scheme_rule_guard() RETURNS trigger
  LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'segment_scheme_rule_guard';
COMMENT ON FUNCTION segment_internal.scheme_rule_guard() IS
  'trigger of scheme_rule: shipped rows change in the extension''s own scripts only (55000), and bounds lie within the '
  'scheme''s bins (23514)';

CREATE TRIGGER scheme_guard BEFORE INSERT OR UPDATE OR DELETE ON segment.scheme
  FOR EACH ROW EXECUTE FUNCTION segment_internal.scheme_guard();
CREATE TRIGGER scheme_guard_truncate BEFORE TRUNCATE ON segment.scheme
  FOR EACH STATEMENT EXECUTE FUNCTION segment_internal.scheme_guard();
CREATE TRIGGER scheme_rule_guard BEFORE INSERT OR UPDATE OR DELETE ON segment.scheme_rule
  FOR EACH ROW EXECUTE FUNCTION segment_internal.scheme_rule_guard();
CREATE TRIGGER scheme_rule_guard_truncate BEFORE TRUNCATE ON segment.scheme_rule
  FOR EACH STATEMENT EXECUTE FUNCTION segment_internal.scheme_rule_guard();
COMMENT ON TRIGGER scheme_guard ON segment.scheme IS 'keeps shipped schemes as they are';
COMMENT ON TRIGGER scheme_guard_truncate ON segment.scheme IS 'keeps shipped schemes as they are';
COMMENT ON TRIGGER scheme_rule_guard ON segment.scheme_rule IS 'keeps shipped rules as they are, and bounds within bins';
COMMENT ON TRIGGER scheme_rule_guard_truncate ON segment.scheme_rule IS 'keeps shipped rules as they are';
