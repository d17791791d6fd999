-- segmentation: the tables of pilots, which tell what a campaign changed

CREATE TYPE segment.audience_rule AS (kind text, segments text[], query text);
COMMENT ON TYPE segment.audience_rule IS 'whom a pilot is for: made by everybody, in_segments and by_query';

CREATE TYPE segment.metric_rule AS (name text, method text, value text, per text, worth text);
COMMENT ON TYPE segment.metric_rule IS 'what a pilot measures of each customer: made by pilot_metric';

CREATE SEQUENCE segment.pilot_id AS integer;
COMMENT ON SEQUENCE segment.pilot_id IS 'numbers of pilots';

CREATE TABLE segment.pilot (
  id integer PRIMARY KEY DEFAULT nextval('segment.pilot_id'),
  segmentation text NOT NULL,
  name text NOT NULL,
  starts date NOT NULL,
  watch_days integer NOT NULL,
  salt text NOT NULL,
  audience segment.audience_rule NOT NULL,
  strata text[],
  metrics segment.metric_rule[] NOT NULL,
  margin_rate double precision,
  cost double precision,
  keeps_out boolean NOT NULL,
  confidence double precision NOT NULL,
  always_valid bigint,
  created_by name NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  stopped_on date,
  measured_on date,
  measured_at timestamptz,
  measured_version integer,
  UNIQUE (segmentation, name)
);
INSERT INTO segment_internal.owned_table VALUES ('pilot', 'segmentation', NULL, 'member', NULL);
ALTER SEQUENCE segment.pilot_id OWNED BY segment.pilot.id;
COMMENT ON TABLE segment.pilot IS 'one row a declared pilot: made by create_pilot, removed by drop_pilot. The views pilot_summary and experiment_result read it';
COMMENT ON COLUMN segment.pilot.id IS 'its number';
COMMENT ON COLUMN segment.pilot.segmentation IS 'the segmentation whose customers it is for, and whose orders measure it';
COMMENT ON COLUMN segment.pilot.name IS 'its name, one of the segmentation''s pilots';
COMMENT ON COLUMN segment.pilot.starts IS 'the day from which customers are watched; who joins later is watched from then on';
COMMENT ON COLUMN segment.pilot.watch_days IS 'how many days each customer is watched';
COMMENT ON COLUMN segment.pilot.salt IS 'what the split is made of, beside the customer ids';
COMMENT ON COLUMN segment.pilot.audience IS 'whom it is for';
COMMENT ON COLUMN segment.pilot.strata IS 'within what the shares are kept: segment, market, channel; NULL: each customer by assign alone';
COMMENT ON COLUMN segment.pilot.metrics IS 'what is measured; the first decides';
COMMENT ON COLUMN segment.pilot.margin_rate IS 'what part of the revenue is profit; NULL: not asked';
COMMENT ON COLUMN segment.pilot.cost IS 'what treating one customer costs; NULL: not asked';
COMMENT ON COLUMN segment.pilot.keeps_out IS 'whether it is a hold-out that stays out: its control arm is left out of other pilots while it is watched, and its other arms are not';
COMMENT ON COLUMN segment.pilot.confidence IS 'that of each interval';
COMMENT ON COLUMN segment.pilot.always_valid IS 'number of customers at which one expects to decide: intervals hold however often one looks; NULL: they hold for one look';
COMMENT ON COLUMN segment.pilot.created_by IS 'role that declared it, by its name then';
COMMENT ON COLUMN segment.pilot.created_at IS 'when';
COMMENT ON COLUMN segment.pilot.stopped_on IS 'the day from which nobody joins and no other pilot is kept from its customers; NULL: not stopped';
COMMENT ON COLUMN segment.pilot.measured_on IS 'the day up to which orders were last read; NULL: never';
COMMENT ON COLUMN segment.pilot.measured_at IS 'when';
COMMENT ON COLUMN segment.pilot.measured_version IS 'the version of the segmentation whose source and filter were read';

CREATE TABLE segment.pilot_arm (
  pilot integer NOT NULL,
  arm smallint NOT NULL,
  name text NOT NULL,
  share double precision NOT NULL,
  assigned bigint NOT NULL DEFAULT 0,
  analysed bigint,
  in_progress bigint,
  opted_out bigint,
  PRIMARY KEY (pilot, arm)
);
INSERT INTO segment_internal.owned_table VALUES ('pilot_arm', 'pilot', NULL, 'member', NULL);
COMMENT ON TABLE segment.pilot_arm IS 'one row a pilot and arm';
COMMENT ON COLUMN segment.pilot_arm.pilot IS 'number of the pilot';
COMMENT ON COLUMN segment.pilot_arm.arm IS '1 is the control arm, which gets nothing';
COMMENT ON COLUMN segment.pilot_arm.name IS 'its name';
COMMENT ON COLUMN segment.pilot_arm.share IS 'the planned part of the audience';
COMMENT ON COLUMN segment.pilot_arm.assigned IS 'customers that were assigned to it';
COMMENT ON COLUMN segment.pilot_arm.analysed IS 'customers whose days have passed: those that were measured; NULL: never measured';
COMMENT ON COLUMN segment.pilot_arm.in_progress IS 'customers whose days had not passed then, and who are left out';
COMMENT ON COLUMN segment.pilot_arm.opted_out IS 'customers who have opted out since they were assigned, and are left out';

CREATE TABLE segment.pilot_assignment (
  pilot integer NOT NULL,
  customer text COLLATE "C" NOT NULL,
  arm smallint NOT NULL,
  assigned_on date NOT NULL,
  segment text NOT NULL,
  sort smallint,
  PRIMARY KEY (pilot, customer)
);
INSERT INTO segment_internal.owned_table VALUES ('pilot_assignment', 'pilot', 'customer', 'member', 'customer id as text, beside the arm of a pilot and the segment on the day of assignment');
COMMENT ON TABLE segment.pilot_assignment IS 'who is in which arm of a pilot: never changed once assigned. Personal data';
COMMENT ON COLUMN segment.pilot_assignment.pilot IS 'number of the pilot';
COMMENT ON COLUMN segment.pilot_assignment.customer IS 'the customer id as text';
COMMENT ON COLUMN segment.pilot_assignment.arm IS 'the arm; 1 is control';
COMMENT ON COLUMN segment.pilot_assignment.assigned_on IS 'the first day that is watched';
COMMENT ON COLUMN segment.pilot_assignment.segment IS 'the customer''s segment on the last snapshot before that day; Prospect: none';
COMMENT ON COLUMN segment.pilot_assignment.sort IS 'rank of the segment';

CREATE TABLE segment.pilot_outcome (
  pilot integer NOT NULL,
  metric smallint NOT NULL,
  segment_name text NOT NULL,
  arm smallint NOT NULL,
  segment_sort smallint,
  outcome segment.outcome NOT NULL,
  PRIMARY KEY (pilot, metric, segment_name, arm)
);
INSERT INTO segment_internal.owned_table VALUES ('pilot_outcome', 'pilot', NULL, 'member', NULL);
COMMENT ON TABLE segment.pilot_outcome IS 'what measure_pilot found last: exact sums, one row a pilot, metric, segment and arm';
COMMENT ON COLUMN segment.pilot_outcome.pilot IS 'number of the pilot';
COMMENT ON COLUMN segment.pilot_outcome.metric IS 'number of the metric in the declaration';
COMMENT ON COLUMN segment.pilot_outcome.segment_name IS 'segment of the customers on the day of assignment';
COMMENT ON COLUMN segment.pilot_outcome.arm IS 'the arm';
COMMENT ON COLUMN segment.pilot_outcome.segment_sort IS 'rank of the segment';
COMMENT ON COLUMN segment.pilot_outcome.outcome IS 'the metric of these customers, those without orders included';
