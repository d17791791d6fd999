-- segmentation: the options of a declaration, as values

CREATE TYPE segment.label_rule AS (kind text, scheme text, clusters integer, cluster_model segment.kmeans_model, names text[], features text[],
  tiers integer, model text, horizon interval);
COMMENT ON TYPE segment.label_rule IS 'how customers are labelled: made by by_scheme, by_clusters and by_value_tiers';

CREATE TYPE segment.score_rule AS (cut_points text, method text, monetary text, min_market bigint);
COMMENT ON TYPE segment.score_rule IS 'how customers are scored: made by rfm_scores';

CREATE TYPE segment.day_rule AS (zone text, as_of text, look_back_days integer);
COMMENT ON TYPE segment.day_rule IS 'which days count: made by calendar';

CREATE TYPE segment.change_rule AS (kind text, changed_at name, look_back interval, tombstones text, tombstone_customer name, tombstone_at name,
  live boolean, ledgers boolean);
COMMENT ON TYPE segment.change_rule IS 'how a refresh finds the customers whose orders changed: made by by_reading_all, by_column, by_tombstones and by_triggers';

CREATE TYPE segment.privacy_rule AS (opt_out text, opt_out_customer name, pseudonymous boolean, keep_days integer, purpose text);
COMMENT ON TYPE segment.privacy_rule IS 'who is left out, and what is kept how long: made by privacy';
