-- segmentation: the options of a declaration, as values

CREATE TYPE segment.label_rule AS (kind text, scheme text, clusters integer, cluster_model segment.kmeans_model, names text[], features text[],
  tiers integer, model text, horizon interval, hold_days integer, hold_gaps integer);
COMMENT ON TYPE segment.label_rule IS 'how customers are labelled: made by by_scheme, by_clusters and by_value_tiers';

CREATE TYPE segment.score_rule AS (cut_points text, method text, monetary text, min_market bigint);
COMMENT ON TYPE segment.score_rule IS 'how customers are scored: made by rfm_scores';

CREATE TYPE segment.day_rule AS (zone text, as_of text, look_back_days integer, period text, boundaries date[]);
COMMENT ON TYPE segment.day_rule IS 'which days count: made by calendar';

CREATE TYPE segment.change_rule AS (kind text, changed_at name, look_back interval, tombstones text, tombstone_customer name, tombstone_at name,
  live boolean, ledgers boolean);
COMMENT ON TYPE segment.change_rule IS 'how a refresh finds the customers whose orders changed: made by by_reading_all, by_column, by_tombstones and by_triggers';

CREATE TYPE segment.privacy_rule AS (opt_out text, opt_out_customer name, pseudonymous boolean, keep_days integer, purpose text, max_unknown_share numeric);
COMMENT ON TYPE segment.privacy_rule IS 'who is left out, and what is kept how long: made by privacy';

CREATE TYPE segment.measure_rule AS (currency name, rates text, to_currency text, base text, max_age integer, margin text,
  survey text, survey_customer name, survey_at name, survey_score name, survey_name name);
COMMENT ON TYPE segment.measure_rule IS 'what amounts are in, and what is measured beside them: made by measures';

CREATE FUNCTION segment_internal.refuse(sqlstate text, message text, detail text DEFAULT NULL, hint text DEFAULT NULL) RETURNS void
  LANGUAGE c VOLATILE PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_refuse';
COMMENT ON FUNCTION segment_internal.refuse(text, text, text, text) IS
  'stops with an error of that SQLSTATE, without the context of our own functions: what it says must be enough';

-- docs/segmentation.md holds these rows as tables: dev/reference writes them, dev/test compares.
CREATE VIEW segment_internal.declaration_option WITH (security_invoker = true) AS
SELECT o.made_by, o.option, o.kind, o.words, o.lowest, o.highest, o.needed, o.meaning, (row_number() OVER ())::integer AS position
FROM (VALUES
  ('create_segmentation', 'name', 'text', NULL::text[], 1, 63, true, 'what refresh, definition and the views call it'),
  ('create_segmentation', 'source', 'relation', NULL, NULL, NULL, true, 'table, partitioned table, view, materialized view or foreign table with the orders; kept by its qualified name'),
  ('create_segmentation', 'customer', 'column', NULL, NULL, NULL, true, 'customer id; a type whose equal values print alike'),
  ('create_segmentation', 'at', 'column', NULL, NULL, NULL, true, 'time of the order: `date`, `timestamp` or `timestamptz`'),
  ('create_segmentation', 'amount', 'column', NULL, NULL, NULL, true, 'amount: `numeric`, an integer type or `double precision`; negative is a return'),
  ('create_segmentation', 'order_id', 'column', NULL, NULL, NULL, false, 'rows with the same value are one order; without it each row is one'),
  ('create_segmentation', 'market', 'column', NULL, NULL, NULL, false, 'customers are scored within the market of their last row; without it all together'),
  ('create_segmentation', 'channel', 'column', NULL, NULL, NULL, false, 'where a row was sold; `preferred_channel` of a customer is that of most rows'),
  ('create_segmentation', 'filter', 'text', NULL, NULL, NULL, false, 'condition on the columns of the source, such as `status = ''paid''`; functions outside `pg_catalog` carry their schema'),
  ('create_segmentation', 'label', 'value', '{by_scheme,by_clusters,by_cluster_model,by_value_tiers}', NULL, NULL, true, 'what names a segment'),
  ('create_segmentation', 'scores', 'value', '{rfm_scores}', NULL, NULL, true, 'how cut points and scores are made'),
  ('create_segmentation', 'days', 'value', '{calendar}', NULL, NULL, true, 'which days count'),
  ('create_segmentation', 'changes', 'value', '{by_reading_all,by_column,by_tombstones,by_triggers}', NULL, NULL, true, 'how refresh finds the customers whose orders changed'),
  ('create_segmentation', 'privacy', 'value', '{privacy}', NULL, NULL, true, 'who is left out, what is kept, and for how long'),
  ('create_segmentation', 'measures', 'value', '{measures}', NULL, NULL, true, 'what amounts are in, and what is measured beside them'),
  ('by_scheme', 'scheme', 'scheme', NULL, NULL, NULL, true, 'the scheme that names the scores; its number of bins holds'),
  ('by_scheme', 'hold_days', 'number', NULL, 1, 365, false, 'what time alone changes shows so many days later, and not at all if an order comes before; without it at once'),
  ('by_scheme', 'hold_gaps', 'number', NULL, 0, 10, true, 'with `hold_days`: who usually orders every so many days waits for at least so many of these gaps, at most a year; 0: `hold_days` for everybody'),
  ('by_clusters', 'clusters', 'number', NULL, 2, 100, true, 'how many; fitted when cut points are made'),
  ('by_clusters', 'features', 'words', '{recency,orders,revenue,average_order,tenure,returns,returned}', NULL, NULL, true, 'what describes a customer'),
  ('by_clusters', 'names', 'names', NULL, NULL, NULL, false, 'names of clusters 1, 2, ...; where there is none, `Cluster` and its number'),
  ('by_cluster_model', 'model', 'model', NULL, NULL, NULL, true, 'a `kmeans_model` of your own'),
  ('by_cluster_model', 'features', 'words', '{recency,orders,revenue,average_order,tenure,returns,returned}', NULL, NULL, true, 'what the model was fitted on, in its order'),
  ('by_cluster_model', 'names', 'names', NULL, NULL, NULL, false, 'as for `by_clusters`'),
  ('by_value_tiers', 'levels', 'number', NULL, 2, 3, true, 'levels of the probability of an order, and of the value expected within each of them'),
  ('by_value_tiers', 'model', 'word', '{pareto_nbd,mbgnbd}', NULL, NULL, true, 'the model of future orders; `mbgnbd` is quicker and a little worse on a hold-out'),
  ('by_value_tiers', 'horizon', 'duration', NULL, NULL, 100, true, 'within what time an order is asked for'),
  ('rfm_scores', 'cut_points', 'word', '{frozen,floating}', NULL, NULL, true, 'frozen: made at the first refresh and kept, so that labels of different days compare; floating: made anew every day'),
  ('rfm_scores', 'method', 'word', '{quantile,equal_width,natural}', NULL, NULL, true, 'how cut points are made, as in `rfm_score`'),
  ('rfm_scores', 'monetary', 'word', '{total,average}', NULL, NULL, true, 'what the monetary score ranks: the total, or the average of an order'),
  ('rfm_scores', 'min_market', 'number', NULL, 1, 2147483647, false, 'markets with fewer customers with orders are scored by the cut points of all; without it 20 for each bin'),
  ('calendar', 'zone', 'zone', NULL, NULL, NULL, true, 'time zone whose days count, where times are `timestamptz`'),
  ('calendar', 'as_of', 'word', '{last_order,today,yesterday}', NULL, NULL, true, 'day of a refresh that names none; `last_order` is that of the last order, but never later than today'),
  ('calendar', 'look_back_days', 'number', NULL, 1, 36500, false, 'only orders of this many days up to as_of count; without it all'),
  ('calendar', 'period', 'word', '{week,month,quarter,year}', NULL, NULL, true, 'what KPIs are counted by, where the segmentation stores ledgers'),
  ('calendar', 'boundaries', 'dates', NULL, NULL, NULL, false, 'first day of each period, and the day after the last, for fiscal calendars; in place of `period`'),
  ('by_reading_all', 'ledgers', 'boolean', '{true,false}', NULL, NULL, true, 'whether what was read is kept as ledgers, from which past days are made'),
  ('by_column', 'changed_at', 'column', NULL, NULL, NULL, true, 'column of the source that every write sets to its time'),
  ('by_column', 'look_back', 'duration', NULL, 0, 100, true, 'how far back from the newest time seen rows are read again: longer than the longest transaction that writes'),
  ('by_tombstones', 'tombstones', 'relation', NULL, NULL, NULL, true, 'relation with the customers whose rows were deleted, moved to another customer, or changed in any way'),
  ('by_tombstones', 'customer', 'column', NULL, NULL, NULL, true, 'its column with the customer id'),
  ('by_tombstones', 'at', 'column', NULL, NULL, NULL, true, 'its column with the time when the row was written'),
  ('by_tombstones', 'changed_at', 'column', NULL, NULL, NULL, false, 'as for `by_column`, for what is not in it'),
  ('by_tombstones', 'look_back', 'duration', NULL, 0, 100, true, 'as for `by_column`'),
  ('by_triggers', 'live', 'boolean', '{true,false}', NULL, NULL, true, 'whether customer_now shows changed customers before the next refresh'),
  ('privacy', 'opt_out', 'relation', NULL, NULL, NULL, false, 'relation with customers who must not be profiled: they are left out before anything is computed'),
  ('privacy', 'opt_out_customer', 'column', NULL, NULL, NULL, false, 'its column with the customer id; by default named as in the source'),
  ('privacy', 'pseudonymous', 'boolean', '{true,false}', NULL, NULL, true, 'whether keyed hashes are kept in place of customer ids'),
  ('privacy', 'keep_days', 'number', NULL, 1, 36500, false, 'snapshots older than this, counted from the newest, are removed by refresh; without it none'),
  ('privacy', 'purpose', 'text', NULL, 1, 10000, false, 'what it is for, and the purpose of the processing; shown in reports'),
  ('privacy', 'max_unknown_share', 'share', NULL, 0, 1, false, 'refresh stops if a greater share of the rows has no customer'),
  ('measures', 'currency', 'column', NULL, NULL, NULL, false, 'column of the source with the currency of the amount: it is converted before anything is summed, and left out and counted where no rate is known'),
  ('measures', 'rates', 'relation', NULL, NULL, NULL, false, 'relation with columns `currency`, `day` and `rate`: units of the currency that one unit of `base` buys'),
  ('measures', 'to_currency', 'code', NULL, NULL, NULL, true, 'the currency that everything is shown in'),
  ('measures', 'base', 'code', NULL, NULL, NULL, true, 'the currency that rates are quoted per'),
  ('measures', 'max_age', 'number', NULL, 0, 36525, true, 'how many days old a rate may be; never a later one'),
  ('measures', 'margin', 'text', NULL, 1, 10000, false, 'what is left of the amount, in its currency: one SQL expression over the columns of the source, NULL where costs are not known; KPIs show it, from stored ledgers'),
  ('measures', 'survey', 'relation', NULL, NULL, NULL, false, 'relation with answers of customers, from which refresh makes survey_summary'),
  ('measures', 'survey_customer', 'column', NULL, NULL, NULL, false, 'its column with the customer id; by default named as in the source'),
  ('measures', 'survey_at', 'column', NULL, NULL, NULL, true, 'its column with the time of the answer'),
  ('measures', 'survey_score', 'column', NULL, NULL, NULL, true, 'its column with the score, a number'),
  ('measures', 'survey_name', 'column', NULL, NULL, NULL, false, 'its column with what was asked, such as `csat` or `nps`; by default there is one survey, named as the column with the score'),
  ('create_pilot', 'name', 'text', NULL, 1, 63, true, 'what the functions and views of pilots call it'),
  ('create_pilot', 'segmentation', 'text', NULL, 1, 63, true, 'whose customers it is for, and whose orders measure it'),
  ('create_pilot', 'starts', 'day', NULL, NULL, NULL, true, 'the first day that is watched; segments are those of the last snapshot before it'),
  ('create_pilot', 'watch_days', 'number', NULL, 1, 3650, true, 'how many days each customer is watched'),
  ('create_pilot', 'salt', 'text', NULL, 1, 200, false, 'what the split is made of, beside the ids; without it the names of segmentation and pilot'),
  ('create_pilot', 'arms', 'arms', NULL, NULL, NULL, true, 'names of the arms; the first gets nothing'),
  ('create_pilot', 'shares', 'shares', NULL, NULL, NULL, true, 'what part of the audience is in each arm; the rest is in none'),
  ('create_pilot', 'audience', 'value', '{everybody,in_segments,by_query}', NULL, NULL, true, 'whom it is for'),
  ('create_pilot', 'strata', 'words', '{segment,market,channel}', NULL, NULL, false, 'within what the shares are kept to one customer; NULL: an arm is what `assign` says'),
  ('create_pilot', 'metrics', 'values', '{pilot_metric}', NULL, NULL, true, 'what is measured, up to 100; the first decides'),
  ('create_pilot', 'margin_rate', 'positive', NULL, NULL, 1, false, 'what part of the revenue is profit'),
  ('create_pilot', 'cost', 'positive', NULL, NULL, 1000000000, false, 'what treating one customer costs'),
  ('create_pilot', 'keeps_out', 'boolean', '{true,false}', NULL, NULL, true, 'whether the first arm is left out of other pilots while it is watched, and the other arms are not'),
  ('create_pilot', 'confidence', 'confidence', NULL, NULL, NULL, true, 'of each interval'),
  ('create_pilot', 'always_valid', 'number', NULL, 1, 1000000000, false, 'customers of two arms at which you expect to decide: then look as often as you like')
) AS o (made_by, option, kind, words, lowest, highest, needed, meaning);
GRANT SELECT ON segment_internal.declaration_option TO PUBLIC;
COMMENT ON VIEW segment_internal.declaration_option IS 'every option of a declaration: one row a function and argument; errors and the documentation''s tables come from here';
COMMENT ON COLUMN segment_internal.declaration_option.made_by IS 'the function that takes it';
COMMENT ON COLUMN segment_internal.declaration_option.option IS 'name of the argument';
COMMENT ON COLUMN segment_internal.declaration_option.kind IS 'what it is: word, words, names, number, share, positive, confidence, day, arms, shares, values, duration, boolean, text, zone, scheme, column, relation, model, code, dates, value';
COMMENT ON COLUMN segment_internal.declaration_option.words IS 'the accepted words, or of a value the functions that make it';
COMMENT ON COLUMN segment_internal.declaration_option.lowest IS 'least number; of a text characters, of a duration years (NULL: more than 0)';
COMMENT ON COLUMN segment_internal.declaration_option.highest IS 'greatest number, characters or years';
COMMENT ON COLUMN segment_internal.declaration_option.needed IS 'whether NULL is refused';
COMMENT ON COLUMN segment_internal.declaration_option.meaning IS 'what it does';
COMMENT ON COLUMN segment_internal.declaration_option.position IS 'order of the tables';

CREATE FUNCTION segment_internal.option_accepts(o segment_internal.declaration_option) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE o.kind
    WHEN 'number' THEN format('whole numbers from %s to %s', o.lowest, o.highest)
    WHEN 'share' THEN 'shares from 0 to 1'
    WHEN 'positive' THEN format('numbers above 0, up to %s', o.highest)
    WHEN 'confidence' THEN 'numbers above 0 and below 1'
    WHEN 'day' THEN 'finite days'
    WHEN 'arms' THEN '2 to 100 distinct names'
    WHEN 'shares' THEN 'one share above 0 for each arm, which add up to 1 at most'
    WHEN 'duration' THEN format(CASE WHEN o.lowest IS NULL THEN 'intervals longer than 0, up to %s years' ELSE 'intervals from 0 to %s years' END, o.highest)
    WHEN 'text' THEN CASE WHEN o.highest IS NULL THEN 'one SQL expression' ELSE format('texts of %s to %s characters', o.lowest, o.highest) END
    WHEN 'names' THEN 'distinct names, at most one a cluster'
    WHEN 'zone' THEN 'names that pg_timezone_names lists'
    WHEN 'scheme' THEN 'names in segment.scheme'
    WHEN 'relation' THEN 'relations'
    WHEN 'column' THEN 'names of columns'
    WHEN 'dates' THEN 'arrays of dates in ascending order'
    WHEN 'code' THEN 'codes of 1 to 11 letters and digits'
    WHEN 'model' THEN 'fitted models with one centre coordinate for each feature'
    ELSE concat(array_to_string(o.words[1:cardinality(o.words) - 1], ', '), CASE WHEN cardinality(o.words) > 1 THEN ' and ' END, o.words[cardinality(o.words)])
  END;
END;
COMMENT ON FUNCTION segment_internal.option_accepts(segment_internal.declaration_option) IS 'what an option accepts, in words';

CREATE FUNCTION segment_internal.option_of(made_by text, option text) RETURNS segment_internal.declaration_option
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT o FROM segment_internal.declaration_option o WHERE o.made_by = option_of.made_by AND o.option = option_of.option;
END;
COMMENT ON FUNCTION segment_internal.option_of(text, text) IS 'one option of a declaration';

CREATE FUNCTION segment_internal.option_default(made_by text, option text) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT nullif(regexp_replace(pg_catalog.pg_get_function_arg_default(p.oid, pg_catalog.array_position(p.proargnames, option)), '::.*$', ''), 'NULL')
  FROM pg_catalog.pg_proc p WHERE p.pronamespace = 'segment'::pg_catalog.regnamespace AND p.proname = made_by;
END;
COMMENT ON FUNCTION segment_internal.option_default(text, text) IS 'default of an option, as SQL; NULL: none';

CREATE FUNCTION segment_internal.check_option(made_by text, option text, value text) RETURNS void
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  o segment_internal.declaration_option := segment_internal.option_of(made_by, option);
  accepted text := format('accepted are %s.', segment_internal.option_accepts(o));
  def text := segment_internal.option_default(made_by, option);
  hint text := format(CASE WHEN def IS NOT NULL THEN 'Leave it out for the default, %s; docs/segmentation.md says what each value does.'
                           WHEN o.needed THEN 'Pass a value that is accepted; docs/segmentation.md says what each does.'
                           ELSE 'Leave it out, or pass a value that is accepted; docs/segmentation.md says what each does.' END, def);
BEGIN
  IF value IS NULL THEN
    IF o.needed THEN
      PERFORM segment_internal.refuse('22004', format('%s of %s must not be NULL', option, made_by), upper(left(accepted, 1)) || substr(accepted, 2),
        hint);
    END IF;
    RETURN;
  END IF;
  IF o.kind = 'word' AND value <> ALL (o.words) THEN
    PERFORM segment_internal.refuse('22023', format('unknown %s: "%s"', option, value), format('It is an option of %s; %s', made_by, accepted), hint);
  ELSIF o.kind = 'words' AND NOT (value::text[] <@ o.words AND cardinality(value::text[]) = (SELECT count(DISTINCT w) FROM unnest(value::text[]) w) AND cardinality(value::text[]) > 0) THEN
    PERFORM segment_internal.refuse('22023', format('unknown or repeated %s: %s', option, value), format('They are an option of %s; %s', made_by, accepted), hint);
  ELSIF o.kind IN ('number', 'share') AND value::numeric NOT BETWEEN o.lowest AND o.highest
     OR o.kind = 'positive' AND NOT (value::numeric > 0 AND value::numeric <= o.highest)
     OR o.kind = 'day' AND NOT isfinite(value::date)
     OR o.kind = 'confidence' AND NOT (value::numeric > 0 AND value::numeric < 1)
     OR o.kind = 'text' AND char_length(value) NOT BETWEEN coalesce(o.lowest, 0) AND coalesce(o.highest, 1000000)
     OR o.kind = 'code' AND value !~ '^[A-Za-z0-9]{1,11}$'
     OR o.kind = 'duration' AND NOT (isfinite(value::interval) AND value::interval >= interval '0' AND value::interval <= make_interval(years => o.highest)
                                     AND (o.lowest IS NOT NULL OR value::interval > interval '0')) THEN
    PERFORM segment_internal.refuse('22023', format('%s is out of range', option),
      format('It is %s, an option of %s; %s', CASE WHEN char_length(value) > 70 THEN left(value, 70) || '...' WHEN value = '' THEN 'empty' ELSE value END, made_by, accepted), hint);
  END IF;
END
$$;
COMMENT ON FUNCTION segment_internal.check_option(text, text, text) IS 'stops unless an option, as text, has a value that it accepts: 22004 for NULL where one is needed, 22023';

CREATE FUNCTION segment_internal.check_zone(zone text) RETURNS void
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  message text;
  detail text;
  hint text;
BEGIN
  PERFORM segment_internal.check_option('calendar', 'zone', zone);
  PERFORM segment.day_of(timestamptz '2000-01-01 00:00:00+00', zone);
EXCEPTION WHEN invalid_parameter_value THEN
  GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  PERFORM segment_internal.refuse('22023', message, format('It is the zone of calendar. %s', detail), hint);
END
$$;
COMMENT ON FUNCTION segment_internal.check_zone(text) IS 'stops unless it names a time zone: 22023';

CREATE FUNCTION segment_internal.check_cluster_names(names text[], clusters integer) RETURNS void
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  reserved text[] := '{"",Others,No orders,Unknown customer,Not a customer,No customer any more}';
BEGIN
  IF cardinality(names) > clusters OR array_ndims(names) > 1 THEN
    PERFORM segment_internal.refuse('22023', 'more names than clusters', format('There are %s names and %s clusters.', cardinality(names), clusters),
      'Name each cluster once, in the order of their numbers.');
  END IF;
  IF cardinality(names) <> (SELECT count(DISTINCT n) FROM unnest(names) n WHERE n <> ALL (reserved)) THEN
    PERFORM segment_internal.refuse('22023', 'names of clusters must differ', format('They are %s.', names),
      format('Give each cluster a name of its own; %s are taken.', array_to_string(reserved[2:], ', ')));
  END IF;
END
$$;
COMMENT ON FUNCTION segment_internal.check_cluster_names(text[], integer) IS 'stops unless names of clusters are distinct, free, and not more than clusters: 22023';

CREATE FUNCTION segment_internal.check_label(l segment.label_rule) RETURNS segment.label_rule
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  k integer := l.clusters;
  n integer;
BEGIN
  IF l.kind = 'clusters' AND l.cluster_model IS NOT NULL THEN
    PERFORM segment_internal.check_option('by_cluster_model', 'features', l.features::text);
    SELECT i.k, i.features INTO k, n FROM segment.model_info(l.cluster_model) i;
    IF n <> cardinality(l.features) THEN
      PERFORM segment_internal.refuse('22023', 'the model has another number of features', format('The model was fitted on %s, the option features names %s.', n, cardinality(l.features)),
        'Name the features that it was fitted on, in the same order.');
    END IF;
    PERFORM segment_internal.check_cluster_names(l.names, k);
  ELSIF l.kind = 'clusters' THEN
    PERFORM segment_internal.check_option('by_clusters', 'clusters', l.clusters::text), segment_internal.check_option('by_clusters', 'features', l.features::text),
      segment_internal.check_cluster_names(l.names, l.clusters);
  ELSIF l.kind = 'value_tiers' THEN
    PERFORM segment_internal.check_option('by_value_tiers', 'levels', l.tiers::text), segment_internal.check_option('by_value_tiers', 'model', l.model),
      segment_internal.check_option('by_value_tiers', 'horizon', l.horizon::text);
  END IF;
  PERFORM segment_internal.check_option('by_scheme', 'scheme', l.scheme), segment_internal.check_option('by_scheme', 'hold_days', l.hold_days::text);
  PERFORM segment_internal.check_option('by_scheme', 'hold_gaps', l.hold_gaps::text) WHERE l.kind = 'scheme';
  IF NOT EXISTS (SELECT FROM segment.scheme s WHERE s.name = l.scheme) THEN
    PERFORM segment_internal.refuse('42704', format('scheme "%s" does not exist', l.scheme), format('There are: %s.', (SELECT string_agg(DISTINCT s.name, ', ') FROM segment.scheme s)),
      'Name one of these, or add rows to segment.scheme and segment.scheme_rule.');
  END IF;
  RETURN l;
END
$$;
COMMENT ON FUNCTION segment_internal.check_label(segment.label_rule) IS 'the value as it is, if it can label customers: 22004, 22023, 42704';

CREATE FUNCTION segment.by_scheme(scheme text DEFAULT 'standard', hold_days integer DEFAULT NULL, hold_gaps integer DEFAULT 2) RETURNS segment.label_rule
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT segment_internal.check_label(ROW('scheme', scheme, NULL, NULL, NULL, NULL, NULL, NULL, NULL, hold_days, hold_gaps)::segment.label_rule);
END;
COMMENT ON FUNCTION segment.by_scheme(text, integer, integer) IS 'for label of create_segmentation: segments are what the scheme calls the scores. hold_days: what time alone changes shows so many days later, and not '
  'at all if an order comes before; own orders and returns show at once. hold_gaps: and not before so many of the customer''s usual gaps between orders have passed, at most a year (0: hold_days for everybody). 22004 for NULL, 22023 for what cannot be, 42704 for a scheme that does not exist';

CREATE FUNCTION segment.by_clusters(clusters integer, features text[] DEFAULT '{recency,orders,revenue}', names text[] DEFAULT NULL) RETURNS segment.label_rule
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT segment_internal.check_label(ROW('clusters', 'standard', clusters, NULL, names, features, NULL, NULL, NULL, NULL, NULL)::segment.label_rule);
END;
COMMENT ON FUNCTION segment.by_clusters(integer, text[], text[]) IS
  'for label of create_segmentation: segments are this many clusters (k-means), fitted when cut points are made; ranked by typical revenue. features: '
  'what describes a customer; names: of clusters 1, 2, ..., else Cluster and the number. 22004, 22023 for what cannot be';

CREATE FUNCTION segment.by_cluster_model(model segment.kmeans_model, features text[] DEFAULT '{recency,orders,revenue}', names text[] DEFAULT NULL) RETURNS segment.label_rule
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM segment_internal.check_option('by_cluster_model', 'model', model::text);
  RETURN segment_internal.check_label(ROW('clusters', 'standard', NULL, model, names, features, NULL, NULL, NULL, NULL, NULL)::segment.label_rule);
END
$$;
COMMENT ON FUNCTION segment.by_cluster_model(segment.kmeans_model, text[], text[]) IS
  'for label of create_segmentation: segments are the clusters of a model of your own, fitted on the features, in this order. names as for by_clusters. '
  '22004 for NULL, 22023 for what cannot be';

CREATE FUNCTION segment.by_value_tiers(levels integer DEFAULT 2, model text DEFAULT 'pareto_nbd', horizon interval DEFAULT '12 months') RETURNS segment.label_rule
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT segment_internal.check_label(ROW('value_tiers', 'standard', NULL, NULL, NULL, NULL, levels, model, horizon, NULL, NULL)::segment.label_rule);
END;
COMMENT ON FUNCTION segment.by_value_tiers(integer, text, interval) IS
  'for label of create_segmentation: segments are levels of the probability of an order within horizon x levels of the value expected within it, by a model of '
  'future orders (pareto_nbd, or mbgnbd) that is fitted when cut points are made. 22004, 22023 for what cannot be';

CREATE FUNCTION segment_internal.check_scores(s segment.score_rule) RETURNS segment.score_rule
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM segment_internal.check_option('rfm_scores', 'cut_points', s.cut_points), segment_internal.check_option('rfm_scores', 'method', s.method),
    segment_internal.check_option('rfm_scores', 'monetary', s.monetary), segment_internal.check_option('rfm_scores', 'min_market', s.min_market::text);
  RETURN s;
END
$$;
COMMENT ON FUNCTION segment_internal.check_scores(segment.score_rule) IS 'the value as it is, if customers can be scored by it: 22004, 22023';

CREATE FUNCTION segment.rfm_scores(cut_points text DEFAULT 'frozen', method text DEFAULT 'quantile', monetary text DEFAULT 'total', min_market bigint DEFAULT NULL)
  RETURNS segment.score_rule LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT segment_internal.check_scores(ROW(cut_points, method, monetary, min_market)::segment.score_rule);
END;
COMMENT ON FUNCTION segment.rfm_scores(text, text, text, bigint) IS
  'for scores of create_segmentation. cut_points: frozen (made at the first refresh and kept) or floating (made anew at each); method: quantile, '
  'equal_width or natural; monetary: total or average; min_market: smaller markets are scored by the cut points of all customers (NULL: 20 x bins). '
  '22004, 22023 for what cannot be';

CREATE FUNCTION segment_internal.check_days(d segment.day_rule) RETURNS segment.day_rule
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM segment_internal.check_zone(d.zone), segment_internal.check_option('calendar', 'as_of', d.as_of),
    segment_internal.check_option('calendar', 'look_back_days', d.look_back_days::text), segment_internal.check_option('calendar', 'period', d.period),
    segment.periods(d.boundaries);
  RETURN d;
END
$$;
COMMENT ON FUNCTION segment_internal.check_days(segment.day_rule) IS 'the value as it is, if days can be told by it: 22004, 22023';

CREATE FUNCTION segment.calendar(zone text DEFAULT 'UTC', as_of text DEFAULT 'last_order', look_back_days integer DEFAULT NULL, period text DEFAULT 'month',
  boundaries date[] DEFAULT NULL) RETURNS segment.day_rule
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT segment_internal.check_days(ROW(zone, as_of, look_back_days, period, boundaries)::segment.day_rule);
END;
COMMENT ON FUNCTION segment.calendar(text, text, integer, text, date[]) IS
  'for days of create_segmentation. zone: whose days count, where times are timestamptz; as_of: day of a refresh that names none, last_order (at most '
  'today), today or yesterday; look_back_days: only orders of this many days count (NULL: all); period, boundaries: what KPIs are counted by. 22004, 22023 for what cannot be';

CREATE FUNCTION segment_internal.qualified_name(relation regclass) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = relation;
END;
COMMENT ON FUNCTION segment_internal.qualified_name(regclass) IS 'schema and name of a relation, quoted where needed, whatever the search path; NULL if there is none';

CREATE FUNCTION segment_internal.check_changes(c segment.change_rule) RETURNS segment.change_rule
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF c.kind = 'reading_all' THEN
    PERFORM segment_internal.check_option('by_reading_all', 'ledgers', c.ledgers::text);
  ELSIF c.kind = 'column' THEN
    PERFORM segment_internal.check_option('by_column', 'changed_at', c.changed_at), segment_internal.check_option('by_column', 'look_back', c.look_back::text);
  ELSIF c.kind = 'tombstones' THEN
    PERFORM segment_internal.check_option('by_tombstones', 'tombstones', c.tombstones), segment_internal.check_option('by_tombstones', 'customer', c.tombstone_customer),
      segment_internal.check_option('by_tombstones', 'at', c.tombstone_at), segment_internal.check_option('by_tombstones', 'look_back', c.look_back::text);
  ELSIF c.kind = 'triggers' THEN
    PERFORM segment_internal.check_option('by_triggers', 'live', c.live::text);
  END IF;
  RETURN c;
END
$$;
COMMENT ON FUNCTION segment_internal.check_changes(segment.change_rule) IS 'the value as it is, if changes can be found by it: 22004, 22023';

CREATE FUNCTION segment.by_reading_all(ledgers boolean DEFAULT false) RETURNS segment.change_rule
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT segment_internal.check_changes(ROW('reading_all', NULL, NULL, NULL, NULL, NULL, false, ledgers)::segment.change_rule);
END;
COMMENT ON FUNCTION segment.by_reading_all(boolean) IS
  'for changes of create_segmentation: every refresh reads all orders; ledgers: and keeps them as ledgers, from which past days are made without them. 22004 for NULL';

CREATE FUNCTION segment.by_column(changed_at name, look_back interval DEFAULT '1 day') RETURNS segment.change_rule
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT segment_internal.check_changes(ROW('column', changed_at, look_back, NULL, NULL, NULL, false, true)::segment.change_rule);
END;
COMMENT ON FUNCTION segment.by_column(name, interval) IS
  'for changes of create_segmentation: rows whose column changed_at is newer than what was seen, less look_back, have changed; deletes are not seen. '
  '22004, 22023 for what cannot be';

CREATE FUNCTION segment.by_tombstones(tombstones regclass, customer name, at name, changed_at name DEFAULT NULL, look_back interval DEFAULT '1 day') RETURNS segment.change_rule
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT segment_internal.check_changes(ROW('tombstones', changed_at, look_back, segment_internal.qualified_name(tombstones), customer, at, false, true)::segment.change_rule);
END;
COMMENT ON FUNCTION segment.by_tombstones(regclass, name, name, name, interval) IS
  'for changes of create_segmentation: customers whose orders changed are listed in the relation tombstones, with the time when; changed_at: column of '
  'the source as for by_column, for what is not listed. 22004, 22023 for what cannot be';

CREATE FUNCTION segment.by_triggers(live boolean DEFAULT false) RETURNS segment.change_rule
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT segment_internal.check_changes(ROW('triggers', NULL, NULL, NULL, NULL, NULL, live, true)::segment.change_rule);
END;
COMMENT ON FUNCTION segment.by_triggers(boolean) IS
  'for changes of create_segmentation: triggers on the source, a table, note whose orders changed; live: and customer_now shows these customers as of now. 22004 for NULL';

CREATE FUNCTION segment_internal.check_privacy(p segment.privacy_rule) RETURNS segment.privacy_rule
  LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM segment_internal.check_option('privacy', 'pseudonymous', p.pseudonymous::text), segment_internal.check_option('privacy', 'keep_days', p.keep_days::text),
    segment_internal.check_option('privacy', 'purpose', p.purpose), segment_internal.check_option('privacy', 'max_unknown_share', p.max_unknown_share::text);
  IF p.opt_out_customer IS NOT NULL AND p.opt_out IS NULL THEN
    PERFORM segment_internal.refuse('22023', 'opt_out_customer needs opt_out', format('opt_out_customer is "%s", a column of no relation.', p.opt_out_customer),
      'Name the relation by opt_out, or leave opt_out_customer out.');
  END IF;
  RETURN p;
END
$$;
COMMENT ON FUNCTION segment_internal.check_privacy(segment.privacy_rule) IS 'the value as it is, if its parts fit: 22004, 22023';

CREATE FUNCTION segment.privacy(opt_out regclass DEFAULT NULL, opt_out_customer name DEFAULT NULL, pseudonymous boolean DEFAULT false, keep_days integer DEFAULT NULL,
  purpose text DEFAULT NULL, max_unknown_share numeric DEFAULT NULL) RETURNS segment.privacy_rule
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT segment_internal.check_privacy(ROW(segment_internal.qualified_name(opt_out), opt_out_customer, pseudonymous, keep_days, purpose, max_unknown_share)::segment.privacy_rule);
END;
COMMENT ON FUNCTION segment.privacy(regclass, name, boolean, integer, text, numeric) IS
  'for privacy of create_segmentation. opt_out, opt_out_customer: relation and column with customers who are left out; pseudonymous: keyed hashes are kept '
  'in place of ids; keep_days: older snapshots are removed by refresh; purpose: what it is for; max_unknown_share: refresh stops if a greater share of the rows has no customer. 22004, 22023 for what cannot be';
