-- clv: who will come back, and what they are worth.

-- Collecting customers.

CREATE FUNCTION segment_internal.histories_combine(internal, internal) RETURNS internal
  AS 'MODULE_PATHNAME', 'segment_tally_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION segment_internal.histories_serialize(internal) RETURNS bytea
  AS 'MODULE_PATHNAME', 'segment_tally_serialize' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION segment_internal.histories_deserialize(bytea, internal) RETURNS internal
  AS 'MODULE_PATHNAME', 'segment_tally_deserialize' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.histories_combine(internal, internal) IS 'Combine function of btyd_agg, spend_agg, holdout_agg and their rollups';
COMMENT ON FUNCTION segment_internal.histories_serialize(internal) IS 'Serialization of their states, for parallel plans';
COMMENT ON FUNCTION segment_internal.histories_deserialize(bytea, internal) IS 'Deserialization of their states, for parallel plans';

CREATE FUNCTION segment_internal.btyd_final(internal) RETURNS segment.btyd
  AS 'MODULE_PATHNAME', 'segment_tally_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.btyd_final(internal) IS 'Final function of btyd_agg and btyd_rollup';

CREATE FUNCTION segment_internal.spend_final(internal) RETURNS segment.spend_summary
  AS 'MODULE_PATHNAME', 'segment_tally_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.spend_final(internal) IS 'Final function of spend_agg and spend_rollup';

CREATE FUNCTION segment_internal.holdout_final(internal) RETURNS segment.holdout
  AS 'MODULE_PATHNAME', 'segment_tally_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.holdout_final(internal) IS 'Final function of holdout_agg and holdout_rollup';

CREATE FUNCTION segment_internal.btyd_agg_trans(internal, customer segment.repeat_summary) RETURNS internal
  AS 'MODULE_PATHNAME', 'segment_btyd_agg_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.btyd_agg_trans(internal, segment.repeat_summary) IS 'Transition function. 22023 outside an aggregate.';
CREATE AGGREGATE segment.btyd_agg(customer segment.repeat_summary) (
  SFUNC = segment_internal.btyd_agg_trans, STYPE = internal, SSPACE = 8192, FINALFUNC = segment_internal.btyd_final,
  COMBINEFUNC = segment_internal.histories_combine, SERIALFUNC = segment_internal.histories_serialize, DESERIALFUNC = segment_internal.histories_deserialize, PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.btyd_agg(segment.repeat_summary) IS 'Collects the histories of customers, equal ones once with a count. NULLs are skipped; NULL without customers. 22023 where units differ.';

CREATE FUNCTION segment_internal.btyd_agg_trans(internal, customer segment.repeat_summary, covariates float8[]) RETURNS internal
  AS 'MODULE_PATHNAME', 'segment_btyd_agg_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.btyd_agg_trans(internal, segment.repeat_summary, float8[]) IS 'Transition function. 22023 outside an aggregate.';
CREATE AGGREGATE segment.btyd_agg(customer segment.repeat_summary, covariates float8[]) (
  SFUNC = segment_internal.btyd_agg_trans, STYPE = internal, SSPACE = 8192, FINALFUNC = segment_internal.btyd_final,
  COMBINEFUNC = segment_internal.histories_combine, SERIALFUNC = segment_internal.histories_serialize, DESERIALFUNC = segment_internal.histories_deserialize, PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.btyd_agg(segment.repeat_summary, float8[]) IS 'Collects histories with up to 8 static covariates of each customer, which act on the rate of buying (alpha * exp(-rate'' z)) and on leaving (beta * exp(-leave'' z) for pareto_nbd; a * exp(leave'' z) for bgnbd and mbgnbd, the odds of leaving after an order); scale them to numbers around 1. NULLs are skipped; NULL without customers. 22023 where units or numbers of covariates differ.';

CREATE FUNCTION segment_internal.spend_agg_trans(internal, customer segment.repeat_summary) RETURNS internal
  AS 'MODULE_PATHNAME', 'segment_spend_agg_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.spend_agg_trans(internal, segment.repeat_summary) IS 'Transition function. 22023 outside an aggregate.';
CREATE AGGREGATE segment.spend_agg(customer segment.repeat_summary) (
  SFUNC = segment_internal.spend_agg_trans, STYPE = internal, SSPACE = 8192, FINALFUNC = segment_internal.spend_final,
  COMBINEFUNC = segment_internal.histories_combine, SERIALFUNC = segment_internal.histories_serialize, DESERIALFUNC = segment_internal.histories_deserialize, PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.spend_agg(segment.repeat_summary) IS 'Collects the mean spend of customers'' repeat purchases. Customers without repeat purchases, or whose mean is not positive, are skipped and counted; NULL without customers.';

CREATE FUNCTION segment_internal.spend_agg_trans(internal, customer segment.repeat_summary, include_first boolean) RETURNS internal
  AS 'MODULE_PATHNAME', 'segment_spend_agg_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.spend_agg_trans(internal, segment.repeat_summary, boolean) IS 'Transition function. 22023 outside an aggregate.';
CREATE AGGREGATE segment.spend_agg(customer segment.repeat_summary, include_first boolean) (
  SFUNC = segment_internal.spend_agg_trans, STYPE = internal, SSPACE = 8192, FINALFUNC = segment_internal.spend_final,
  COMBINEFUNC = segment_internal.histories_combine, SERIALFUNC = segment_internal.histories_serialize, DESERIALFUNC = segment_internal.histories_deserialize, PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.spend_agg(segment.repeat_summary, boolean) IS 'Collects the mean spend of customers'' purchases, the first one too if include_first: then one-time buyers are told apart by what they spent. Customers whose mean is unknown or not positive are skipped and counted; NULL without customers. 22004 for a NULL include_first.';

CREATE FUNCTION segment_internal.btyd_rollup_trans(internal, part segment.btyd) RETURNS internal
  AS 'MODULE_PATHNAME', 'segment_tally_rollup_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.btyd_rollup_trans(internal, segment.btyd) IS 'Transition function. 22023 outside an aggregate.';
CREATE AGGREGATE segment.btyd_rollup(part segment.btyd) (
  SFUNC = segment_internal.btyd_rollup_trans, STYPE = internal, SSPACE = 8192, FINALFUNC = segment_internal.btyd_final,
  COMBINEFUNC = segment_internal.histories_combine, SERIALFUNC = segment_internal.histories_serialize, DESERIALFUNC = segment_internal.histories_deserialize, PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.btyd_rollup(segment.btyd) IS 'Merges values of disjoint sets of customers. NULLs are skipped; NULL without input. 22023 where units differ.';

CREATE FUNCTION segment_internal.btyd_add(a segment.btyd, b segment.btyd) RETURNS segment.btyd
  AS 'MODULE_PATHNAME', 'segment_tally_plus' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.btyd_add(segment.btyd, segment.btyd) IS 'The customers of both. NULL if either is NULL. 22023 where units differ.';

CREATE OPERATOR segment.+ (LEFTARG = segment.btyd, RIGHTARG = segment.btyd, FUNCTION = segment_internal.btyd_add, COMMUTATOR = OPERATOR(segment.+));
COMMENT ON OPERATOR segment.+ (segment.btyd, segment.btyd) IS 'The customers of both';

CREATE FUNCTION segment_internal.spend_rollup_trans(internal, part segment.spend_summary) RETURNS internal
  AS 'MODULE_PATHNAME', 'segment_tally_rollup_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.spend_rollup_trans(internal, segment.spend_summary) IS 'Transition function. 22023 outside an aggregate.';
CREATE AGGREGATE segment.spend_rollup(part segment.spend_summary) (
  SFUNC = segment_internal.spend_rollup_trans, STYPE = internal, SSPACE = 8192, FINALFUNC = segment_internal.spend_final,
  COMBINEFUNC = segment_internal.histories_combine, SERIALFUNC = segment_internal.histories_serialize, DESERIALFUNC = segment_internal.histories_deserialize, PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.spend_rollup(segment.spend_summary) IS 'Merges values of disjoint sets of customers. NULLs are skipped; NULL without input. 22023 where units differ.';

CREATE FUNCTION segment_internal.spend_summary_add(a segment.spend_summary, b segment.spend_summary) RETURNS segment.spend_summary
  AS 'MODULE_PATHNAME', 'segment_tally_plus' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.spend_summary_add(segment.spend_summary, segment.spend_summary) IS 'The customers of both. NULL if either is NULL. 22023 where units differ.';

CREATE OPERATOR segment.+ (LEFTARG = segment.spend_summary, RIGHTARG = segment.spend_summary, FUNCTION = segment_internal.spend_summary_add, COMMUTATOR = OPERATOR(segment.+));
COMMENT ON OPERATOR segment.+ (segment.spend_summary, segment.spend_summary) IS 'The customers of both';

CREATE FUNCTION segment_internal.holdout_rollup_trans(internal, part segment.holdout) RETURNS internal
  AS 'MODULE_PATHNAME', 'segment_tally_rollup_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.holdout_rollup_trans(internal, segment.holdout) IS 'Transition function. 22023 outside an aggregate.';
CREATE AGGREGATE segment.holdout_rollup(part segment.holdout) (
  SFUNC = segment_internal.holdout_rollup_trans, STYPE = internal, SSPACE = 8192, FINALFUNC = segment_internal.holdout_final,
  COMBINEFUNC = segment_internal.histories_combine, SERIALFUNC = segment_internal.histories_serialize, DESERIALFUNC = segment_internal.histories_deserialize, PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.holdout_rollup(segment.holdout) IS 'Merges values of disjoint sets of customers. NULLs are skipped; NULL without input. 22023 where units differ.';

CREATE FUNCTION segment_internal.holdout_add(a segment.holdout, b segment.holdout) RETURNS segment.holdout
  AS 'MODULE_PATHNAME', 'segment_tally_plus' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.holdout_add(segment.holdout, segment.holdout) IS 'The customers of both. NULL if either is NULL. 22023 where units differ.';

CREATE OPERATOR segment.+ (LEFTARG = segment.holdout, RIGHTARG = segment.holdout, FUNCTION = segment_internal.holdout_add, COMMUTATOR = OPERATOR(segment.+));
COMMENT ON OPERATOR segment.+ (segment.holdout, segment.holdout) IS 'The customers of both';

CREATE FUNCTION segment.btyd_check(btyd segment.btyd, OUT what text, OUT have float8, OUT need float8, OUT enough boolean, OUT difference float8, OUT missing text) RETURNS SETOF record
  AS 'MODULE_PATHNAME', 'segment_btyd_check' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.btyd_check(segment.btyd) IS 'What a sample needs before a fit: one row a requirement, how much there is, how much it should be at least (at most, for the share of one-time buyers), the difference and what is missing. Rules of thumb: a smaller sample fits too, with wider intervals.';

-- Fits.

CREATE FUNCTION segment.nbd(btyd segment.btyd, penalty float8 DEFAULT 0, max_iter int DEFAULT 500) RETURNS segment.btyd_model
  AS 'MODULE_PATHNAME', 'segment_nbd' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.nbd(segment.btyd, float8, int) IS 'NBD model (Ehrenberg 1959): nobody leaves. A baseline, not a model of customers who do. penalty: per customer, times the sum of the squared logs of the parameters, in the scale of the data (mean time observed, mean spend), and of the squared coefficients per standard deviation of their covariate: the units of time and money make no difference; 0 is maximum likelihood. A fit that does not converge warns and says so in model_info. NULL for NULL. 22023 without customers; 53400 if maintenance_work_mem is too small.';

CREATE FUNCTION segment.bgnbd(btyd segment.btyd, penalty float8 DEFAULT 0, max_iter int DEFAULT 500) RETURNS segment.btyd_model
  AS 'MODULE_PATHNAME', 'segment_bgnbd' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.bgnbd(segment.btyd, float8, int) IS 'BG/NBD model (Fader, Hardie, Lee 2005): customers leave after an order only. So every one-time buyer has p_alive = 1: use it for expected orders, never rank customers by its p_alive; mbgnbd and pareto_nbd have no such gap. penalty: per customer, times the sum of the squared logs of the parameters, in the scale of the data (mean time observed, mean spend), and of the squared coefficients per standard deviation of their covariate: the units of time and money make no difference; 0 is maximum likelihood. A fit that does not converge warns and says so in model_info. NULL for NULL. 22023 without customers; 53400 if maintenance_work_mem is too small.';

CREATE FUNCTION segment.mbgnbd(btyd segment.btyd, penalty float8 DEFAULT 0, max_iter int DEFAULT 500) RETURNS segment.btyd_model
  AS 'MODULE_PATHNAME', 'segment_mbgnbd' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.mbgnbd(segment.btyd, float8, int) IS 'MBG/NBD model (Batislam, Denizel, Filiztekin 2007), the quick choice: as BG/NBD, and customers may leave right after the first order. penalty: per customer, times the sum of the squared logs of the parameters, in the scale of the data (mean time observed, mean spend), and of the squared coefficients per standard deviation of their covariate: the units of time and money make no difference; 0 is maximum likelihood. A fit that does not converge warns and says so in model_info. NULL for NULL. 22023 without customers; 53400 if maintenance_work_mem is too small.';

CREATE FUNCTION segment.pareto_nbd(btyd segment.btyd, penalty float8 DEFAULT 0, max_iter int DEFAULT 500) RETURNS segment.btyd_model
  AS 'MODULE_PATHNAME', 'segment_pareto_nbd' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.pareto_nbd(segment.btyd, float8, int) IS 'Pareto/NBD model (Schmittlein, Morrison, Colombo 1987), the default choice: customers may leave at any time. Slower to fit than mbgnbd. penalty: per customer, times the sum of the squared logs of the parameters, in the scale of the data (mean time observed, mean spend), and of the squared coefficients per standard deviation of their covariate: the units of time and money make no difference; 0 is maximum likelihood. A fit that does not converge warns and says so in model_info. NULL for NULL. 22023 without customers; 53400 if maintenance_work_mem is too small.';

CREATE FUNCTION segment.bgbb(btyd segment.btyd, penalty float8 DEFAULT 0, max_iter int DEFAULT 500) RETURNS segment.btyd_model
  AS 'MODULE_PATHNAME', 'segment_bgbb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.bgbb(segment.btyd, float8, int) IS 'BG/BB model (Fader, Hardie, Shang 2010), for one chance to buy in each period (donations, events): summaries of whole periods by ledger_repeat_periods. penalty: per customer, times the sum of the squared logs of the parameters, in the scale of the data (mean time observed, mean spend), and of the squared coefficients per standard deviation of their covariate: the units of time and money make no difference; 0 is maximum likelihood. A fit that does not converge warns and says so in model_info. NULL for NULL. 22023 without customers; 53400 if maintenance_work_mem is too small.';

CREATE FUNCTION segment.gamma_gamma(spend segment.spend_summary, penalty float8 DEFAULT 0, max_iter int DEFAULT 500) RETURNS segment.spend_model
  AS 'MODULE_PATHNAME', 'segment_gamma_gamma' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.gamma_gamma(segment.spend_summary, float8, int) IS 'Gamma-Gamma model of spend per order (Fader, Hardie 2013): takes spend for independent of frequency; model_info warns where they correlate, and where q <= 1, so that the population has no mean. penalty: per customer, times the sum of the squared logs of the parameters, in the scale of the data (mean time observed, mean spend), and of the squared coefficients per standard deviation of their covariate: the units of time and money make no difference; 0 is maximum likelihood. A fit that does not converge warns and says so in model_info. NULL for NULL. 22023 without customers; 53400 if maintenance_work_mem is too small.';

CREATE FUNCTION segment.sbg(active bigint[], penalty float8 DEFAULT 0, max_iter int DEFAULT 500) RETURNS segment.renewal_model
  AS 'MODULE_PATHNAME', 'segment_sbg' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.sbg(bigint[], float8, int) IS 'Shifted-beta-geometric model of renewals (Fader, Hardie 2007) of one cohort: active[1] customers at the start, active[i + 1] left after i renewals. NULL for NULL. 22023 where the counts rise, 2202E for fewer than 3.';

CREATE FUNCTION segment.btyd_model(kind text, parameters float8[], unit interval) RETURNS segment.btyd_model
  AS 'MODULE_PATHNAME', 'segment_btyd_model_make' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.btyd_model(text, float8[], interval) IS 'A transaction model with given parameters, in the order of model_parameters: nbd r, alpha; bgnbd, mbgnbd r, alpha, a, b; pareto_nbd r, alpha, s, beta; bgbb alpha, beta, gamma, delta. NULL for NULL arguments. 22023 for anything else.';

CREATE FUNCTION segment.spend_model(p float8, q float8, v float8, with_first boolean DEFAULT false) RETURNS segment.spend_model
  AS 'MODULE_PATHNAME', 'segment_spend_model_make' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.spend_model(float8, float8, float8, boolean) IS 'A Gamma-Gamma model with given parameters. NULL for NULL arguments. 22023 unless they are positive.';

CREATE FUNCTION segment.renewal_model(alpha float8, beta float8) RETURNS segment.renewal_model
  AS 'MODULE_PATHNAME', 'segment_renewal_model_make' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.renewal_model(float8, float8) IS 'An sBG model with given parameters. NULL for NULL arguments. 22023 unless they are positive.';

CREATE FUNCTION segment.with_covariates(model segment.btyd_model, covariates float8[]) RETURNS segment.btyd_model
  AS 'MODULE_PATHNAME', 'segment_with_covariates' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.with_covariates(segment.btyd_model, float8[]) IS 'The model of a customer with these covariates, with the standard errors of its parameters. NULL for NULL arguments. 22023 where their number is not that of the fit.';

-- What a model says of itself.

CREATE FUNCTION segment.model_info(fitted segment.btyd_model, OUT model text, OUT unit interval, OUT customers bigint, OUT skipped_customers bigint, OUT histories int, OUT log_likelihood float8, OUT aic float8, OUT bic float8, OUT iterations int, OUT evaluations int, OUT stopped text, OUT gradient_norm float8, OUT penalty float8, OUT correlation float8, OUT warnings text[]) RETURNS record
  AS 'MODULE_PATHNAME', 'segment_clv_model_info' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.model_info(segment.btyd_model) IS 'How a fit went: model, unit of time, customers, those that could not be used, distinct histories, log-likelihood, AIC, BIC, iterations, evaluations of the likelihood, why it stopped (converged | boundary | flat likelihood | maximum of iterations | gradient not zero | no optimum: nobody came back | nobody leaves: nbd fits as well | given), largest gradient component per customer at the end, penalty, correlation of frequency and spend (gamma_gamma), warnings or NULL.';

CREATE FUNCTION segment.model_parameters(fitted segment.btyd_model, OUT parameter text, OUT estimate float8, OUT standard_error float8, OUT lower_95 float8, OUT upper_95 float8) RETURNS SETOF record
  AS 'MODULE_PATHNAME', 'segment_model_parameters' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.model_parameters(segment.btyd_model) IS 'Parameters with standard errors and 95 % intervals, on the log scale for positive ones; NULL where the fit gave none. rate_i, leave_i: effects of covariate i.';

CREATE FUNCTION segment.model_covariance(fitted segment.btyd_model) RETURNS float8[]
  AS 'MODULE_PATHNAME', 'segment_model_covariance' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.model_covariance(segment.btyd_model) IS 'Covariance matrix of the parameters, in their order; NULL if the fit gave none.';

CREATE FUNCTION segment.model_info(fitted segment.spend_model, OUT model text, OUT unit interval, OUT customers bigint, OUT skipped_customers bigint, OUT histories int, OUT log_likelihood float8, OUT aic float8, OUT bic float8, OUT iterations int, OUT evaluations int, OUT stopped text, OUT gradient_norm float8, OUT penalty float8, OUT correlation float8, OUT warnings text[]) RETURNS record
  AS 'MODULE_PATHNAME', 'segment_clv_model_info' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.model_info(segment.spend_model) IS 'How a fit went: model, unit of time, customers, those that could not be used, distinct histories, log-likelihood, AIC, BIC, iterations, evaluations of the likelihood, why it stopped (converged | boundary | flat likelihood | maximum of iterations | gradient not zero | no optimum: nobody came back | nobody leaves: nbd fits as well | given), largest gradient component per customer at the end, penalty, correlation of frequency and spend (gamma_gamma), warnings or NULL.';

CREATE FUNCTION segment.model_parameters(fitted segment.spend_model, OUT parameter text, OUT estimate float8, OUT standard_error float8, OUT lower_95 float8, OUT upper_95 float8) RETURNS SETOF record
  AS 'MODULE_PATHNAME', 'segment_model_parameters' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.model_parameters(segment.spend_model) IS 'Parameters with standard errors and 95 % intervals, on the log scale for positive ones; NULL where the fit gave none. rate_i, leave_i: effects of covariate i.';

CREATE FUNCTION segment.model_covariance(fitted segment.spend_model) RETURNS float8[]
  AS 'MODULE_PATHNAME', 'segment_model_covariance' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.model_covariance(segment.spend_model) IS 'Covariance matrix of the parameters, in their order; NULL if the fit gave none.';

CREATE FUNCTION segment.model_info(fitted segment.renewal_model, OUT model text, OUT unit interval, OUT customers bigint, OUT skipped_customers bigint, OUT histories int, OUT log_likelihood float8, OUT aic float8, OUT bic float8, OUT iterations int, OUT evaluations int, OUT stopped text, OUT gradient_norm float8, OUT penalty float8, OUT correlation float8, OUT warnings text[]) RETURNS record
  AS 'MODULE_PATHNAME', 'segment_clv_model_info' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.model_info(segment.renewal_model) IS 'How a fit went: model, unit of time, customers, those that could not be used, distinct histories, log-likelihood, AIC, BIC, iterations, evaluations of the likelihood, why it stopped (converged | boundary | flat likelihood | maximum of iterations | gradient not zero | no optimum: nobody came back | nobody leaves: nbd fits as well | given), largest gradient component per customer at the end, penalty, correlation of frequency and spend (gamma_gamma), warnings or NULL.';

CREATE FUNCTION segment.model_parameters(fitted segment.renewal_model, OUT parameter text, OUT estimate float8, OUT standard_error float8, OUT lower_95 float8, OUT upper_95 float8) RETURNS SETOF record
  AS 'MODULE_PATHNAME', 'segment_model_parameters' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.model_parameters(segment.renewal_model) IS 'Parameters with standard errors and 95 % intervals, on the log scale for positive ones; NULL where the fit gave none. rate_i, leave_i: effects of covariate i.';

CREATE FUNCTION segment.model_covariance(fitted segment.renewal_model) RETURNS float8[]
  AS 'MODULE_PATHNAME', 'segment_model_covariance' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.model_covariance(segment.renewal_model) IS 'Covariance matrix of the parameters, in their order; NULL if the fit gave none.';

-- Predictions for one customer. All are pure functions; NULL for NULL arguments; 22023 where the summary's unit is not the model's.

CREATE FUNCTION segment.p_alive(model segment.btyd_model, customer segment.repeat_summary) RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_p_alive' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.p_alive(segment.btyd_model, segment.repeat_summary) IS 'Probability that the customer is still active at the end of the history. With bgnbd it is 1 for every one-time buyer: never rank by it. NULL for NULL arguments. 22023 where the summary''s unit is not the model''s.';

CREATE FUNCTION segment.p_alive(model segment.btyd_model, customer segment.repeat_summary, after interval) RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_p_alive' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.p_alive(segment.btyd_model, segment.repeat_summary, interval) IS 'Probability that the customer will still be active so long after the history. NULL for NULL arguments. 22023 where the summary''s unit is not the model''s or the time is negative.';

CREATE FUNCTION segment.p_return(model segment.btyd_model, customer segment.repeat_summary) RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_p_return' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.p_return(segment.btyd_model, segment.repeat_summary) IS 'Probability that another order ever comes. NULL for NULL arguments. 22023 where the summary''s unit is not the model''s.';

CREATE FUNCTION segment.expected_orders(model segment.btyd_model, customer segment.repeat_summary, horizon interval) RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_expected_orders' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.expected_orders(segment.btyd_model, segment.repeat_summary, interval) IS 'Expected number of orders within the horizon after the history (a month is 365.25/12 days). NULL for NULL arguments. 22023 where the summary''s unit is not the model''s or the horizon is negative.';

CREATE FUNCTION segment.expected_orders(model segment.btyd_model, horizon interval) RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_expected_orders_new' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.expected_orders(segment.btyd_model, interval) IS 'Expected number of orders of a customer within the horizon after the first order. NULL for NULL arguments. 22023 for a negative horizon.';

CREATE FUNCTION segment.expected_orders_error(model segment.btyd_model, customer segment.repeat_summary, horizon interval) RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_expected_orders_error' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.expected_orders_error(segment.btyd_model, segment.repeat_summary, interval) IS 'Standard error of expected_orders that comes from the parameters'' uncertainty alone (delta method). What one customer does scatters far more: see orders_quantile. NULL if the model has no standard errors. NULL for NULL arguments. 22023 where the summary''s unit is not the model''s.';

CREATE FUNCTION segment.p_orders(model segment.btyd_model, customer segment.repeat_summary, horizon interval, n bigint DEFAULT 1) RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_p_orders' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.p_orders(segment.btyd_model, segment.repeat_summary, interval, bigint) IS 'Probability of at least n orders within the horizon after the history. NULL for NULL arguments. 22023 where the summary''s unit is not the model''s or the horizon is negative.';

CREATE FUNCTION segment.p_orders(model segment.btyd_model, horizon interval, n bigint DEFAULT 1) RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_p_orders_new' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.p_orders(segment.btyd_model, interval, bigint) IS 'Probability of at least n orders within the horizon after the first order. NULL for NULL arguments. 22023 for a negative horizon or n.';

CREATE FUNCTION segment.p_orders_exactly(model segment.btyd_model, customer segment.repeat_summary, horizon interval, n bigint) RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_p_orders_exactly' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.p_orders_exactly(segment.btyd_model, segment.repeat_summary, interval, bigint) IS 'Probability of exactly n orders within the horizon after the history. NULL for NULL arguments. 22023 where the summary''s unit is not the model''s, or horizon or n is negative.';

CREATE FUNCTION segment.p_orders_exactly(model segment.btyd_model, horizon interval, n bigint) RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_p_orders_exactly_new' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.p_orders_exactly(segment.btyd_model, interval, bigint) IS 'Probability of exactly n orders within the horizon after the first order. NULL for NULL arguments. 22023 for a negative horizon or n.';

CREATE FUNCTION segment.orders_quantile(model segment.btyd_model, customer segment.repeat_summary, horizon interval, probability float8) RETURNS bigint
  AS 'MODULE_PATHNAME', 'segment_orders_quantile' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.orders_quantile(segment.btyd_model, segment.repeat_summary, interval, float8) IS 'The smallest number of orders within the horizon that is not exceeded with this probability: the customer''s own predictive distribution; 0.025 and 0.975 make a 95 % interval. NULL for NULL arguments. 22023 where the summary''s unit is not the model''s, or the probability is not between 0 and 1.';

CREATE FUNCTION segment.next_order(model segment.btyd_model, customer segment.repeat_summary, probability float8 DEFAULT 0.5) RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_next_order' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.next_order(segment.btyd_model, segment.repeat_summary, float8) IS 'Days after the history within which the next order comes with this probability; NULL if it never gets that probable, as the customer may have left. NULL for NULL arguments. 22023 where the summary''s unit is not the model''s, or the probability is not between 0 and 1.';

CREATE FUNCTION segment.expected_next_order(model segment.btyd_model, customer segment.repeat_summary, within interval) RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_expected_next_order' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.expected_next_order(segment.btyd_model, segment.repeat_summary, interval) IS 'Mean days after the history until the next order, given that it comes within this time; p_orders is the probability that it does. Without such a limit the mean is infinite: the customer may have left, and rates near zero make the wait a Lomax variable with a heavy tail. NULL for a time of 0 and for NULL arguments. 22023 where the summary''s unit is not the model''s, or the time is negative.';

CREATE FUNCTION segment.history_log_likelihood(model segment.btyd_model, customer segment.repeat_summary) RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_history_log_likelihood' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.history_log_likelihood(segment.btyd_model, segment.repeat_summary) IS 'Log-likelihood of one history under the model. NULL for NULL arguments. 22023 where the summary''s unit is not the model''s.';

CREATE FUNCTION segment.expected_spend(model segment.spend_model, customer segment.repeat_summary) RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_expected_spend' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.expected_spend(segment.spend_model, segment.repeat_summary) IS 'Expected amount per future order: the customer''s own mean, drawn toward the population''s. Without purchases in it (one-time buyers, unless the model includes first purchases) the population''s mean. NULL where that does not exist (q <= 1), the spend is unknown, or for NULL arguments.';

-- Value.

CREATE FUNCTION segment.discounted_orders(model segment.btyd_model, customer segment.repeat_summary, horizon interval, annual_discount float8 DEFAULT 0, timing text DEFAULT 'continuous', step interval DEFAULT '1 month') RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_discounted_orders' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.discounted_orders(segment.btyd_model, segment.repeat_summary, interval, float8, text, interval) IS 'Expected orders within the horizon, discounted by the effective annual rate (0.1 is 10 %). timing continuous: each order from its own moment; period_end: from the end of its step. NULL for NULL arguments. 22023 where the summary''s unit is not the model''s, or an argument is out of range.';

CREATE FUNCTION segment.residual_orders(model segment.btyd_model, customer segment.repeat_summary, annual_discount float8) RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_residual_orders' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.residual_orders(segment.btyd_model, segment.repeat_summary, float8) IS 'Expected orders over an infinite horizon, continuously discounted by the effective annual rate (discounted expected residual transactions). NULL for NULL arguments. 22023 where the summary''s unit is not the model''s, or the discount is not positive.';

CREATE FUNCTION segment.clv(model segment.btyd_model, spend segment.spend_model, customer segment.repeat_summary, horizon interval, annual_discount float8 DEFAULT 0, margin_rate float8 DEFAULT 1, timing text DEFAULT 'continuous', step interval DEFAULT '1 month') RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_clv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.clv(segment.btyd_model, segment.spend_model, segment.repeat_summary, interval, float8, float8, text, interval) IS 'Customer lifetime value within the horizon: discounted_orders x expected_spend x margin_rate (1 gives revenue). Orders so far are not in it. NULL where the spend is unknown, or for NULL arguments. 22023 where the summary''s unit is not the model''s, or an argument is out of range.';

CREATE FUNCTION segment.residual_value(model segment.btyd_model, spend segment.spend_model, customer segment.repeat_summary, annual_discount float8, margin_rate float8 DEFAULT 1) RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_residual_value' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.residual_value(segment.btyd_model, segment.spend_model, segment.repeat_summary, float8, float8) IS 'Customer lifetime value over an infinite horizon: residual_orders x expected_spend x margin_rate. NULL where the spend is unknown, or for NULL arguments. 22023 where the summary''s unit is not the model''s, or an argument is out of range.';

CREATE FUNCTION segment.clv_quantile(model segment.btyd_model, spend segment.spend_model, customer segment.repeat_summary, horizon interval, probability float8, margin_rate float8 DEFAULT 1) RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_clv_quantile' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.clv_quantile(segment.btyd_model, segment.spend_model, segment.repeat_summary, interval, float8, float8) IS 'The customer''s own scatter in money: what the orders within the horizon add up to at most with the probability, times margin_rate, not discounted; 0.025 and 0.975 make a 95 % interval around clv(model, spend, customer, horizon). Number of orders and amount of each are both uncertain; the uncertainty of the models'' parameters is not in it. NULL where the spend is unknown, or for NULL arguments. 22023 where the summary''s unit is not the model''s, or an argument is out of range; 22003 beyond 100000 orders.';

-- Backtests.

CREATE FUNCTION segment_internal.holdout_agg_trans(internal, ledger segment.ledger, split date, until date, unit interval) RETURNS internal
  AS 'MODULE_PATHNAME', 'segment_holdout_agg_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.holdout_agg_trans(internal, segment.ledger, date, date, interval) IS 'Transition function. 22023 outside an aggregate.';
CREATE AGGREGATE segment.holdout_agg(ledger segment.ledger, split date, until date, unit interval) (
  SFUNC = segment_internal.holdout_agg_trans, STYPE = internal, SSPACE = 8192, FINALFUNC = segment_internal.holdout_final,
  COMBINEFUNC = segment_internal.histories_combine, SERIALFUNC = segment_internal.histories_serialize, DESERIALFUNC = segment_internal.histories_deserialize, PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.holdout_agg(segment.ledger, date, date, interval) IS 'Collects customers as they were on the day split (repeat summary, amount, purchases of the period before that is as long as the hold-out) and what they bought after it, up to until. Nothing after split reaches what models are fitted on. Customers without a purchase up to split are not in it; NULL if there are none. 22023 unless split lies before until, 22004 where an argument but the ledger is NULL.';

CREATE FUNCTION segment_internal.holdout_periods_agg_trans(internal, ledger segment.ledger, split date, until date, period interval) RETURNS internal
  AS 'MODULE_PATHNAME', 'segment_holdout_periods_agg_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION segment_internal.holdout_periods_agg_trans(internal, segment.ledger, date, date, interval) IS 'Transition function. 22023 outside an aggregate.';
CREATE AGGREGATE segment.holdout_periods_agg(ledger segment.ledger, split date, until date, period interval) (
  SFUNC = segment_internal.holdout_periods_agg_trans, STYPE = internal, SSPACE = 8192, FINALFUNC = segment_internal.holdout_final,
  COMBINEFUNC = segment_internal.histories_combine, SERIALFUNC = segment_internal.histories_serialize, DESERIALFUNC = segment_internal.histories_deserialize, PARALLEL = SAFE
);
COMMENT ON AGGREGATE segment.holdout_periods_agg(segment.ledger, date, date, interval) IS 'As holdout_agg, in whole periods of each customer, counted as ledger_repeat_periods does: what bgbb takes. The hold-out is as many periods as lie between split and until; of each customer it begins where the last whole period up to split ended. Periods are whole days or calendar months. NULL without customers. 22023 unless split lies a period before until, 22004 where an argument but the ledger is NULL.';

CREATE FUNCTION segment.holdout_btyd(holdout segment.holdout) RETURNS segment.btyd
  AS 'MODULE_PATHNAME', 'segment_holdout_btyd' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.holdout_btyd(segment.holdout) IS 'The customers of a holdout as they were at the split: what models are fitted on. NULL for NULL.';

CREATE FUNCTION segment.backtest(holdout segment.holdout, models text[] DEFAULT '{pareto_nbd,mbgnbd,bgnbd,nbd}', penalty float8 DEFAULT 0, OUT ranked_by text, OUT customers bigint, OUT actual float8, OUT expected float8, OUT mae float8, OUT rmse float8, OUT bias float8, OUT msle float8, OUT auc float8, OUT gini float8, OUT top_10_share float8, OUT top_20_share float8) RETURNS SETOF record
  AS 'MODULE_PATHNAME', 'segment_backtest' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.backtest(segment.holdout, text[], float8) IS 'Fits models on a holdout''s customers at the split and measures them on what came after, beside baselines (recency alone, sum of R, F and M quintiles, as many as in the period before). One row per model and score: orders that came and were expected, mean absolute error, root mean squared error, bias (expected / actual - 1), mean squared error of log(1 + orders); and how the score ranks customers: AUC of having ordered at all, Gini of the orders, share of the orders that the best 10 % and 20 % of customers placed. Equal scores count as in random order. NULL where a score predicts no number. 22023 for an unknown model, or bgbb on a hold-out in continuous time.';

CREATE FUNCTION segment.backtest_calibration(holdout segment.holdout, model segment.btyd_model, classes int DEFAULT 8, OUT repeat_purchases int, OUT customers bigint, OUT actual float8, OUT expected float8) RETURNS SETOF record
  AS 'MODULE_PATHNAME', 'segment_backtest_calibration' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.backtest_calibration(segment.holdout, segment.btyd_model, int) IS 'Mean orders of the hold-out, actual and expected, by number of repeat purchases up to the split; the last class holds that many or more. 22023 where the model''s unit is not the holdout''s.';

CREATE FUNCTION segment.backtest_gain(holdout segment.holdout, model segment.btyd_model, OUT decile int, OUT customers_share float8, OUT orders_share float8, OUT amount_share float8) RETURNS SETOF record
  AS 'MODULE_PATHNAME', 'segment_backtest_gain' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.backtest_gain(segment.holdout, segment.btyd_model) IS 'Customers by expected orders, best first: the share of the hold-out''s orders and amount that the best 10 %, 20 %, ... of them hold. 22023 where the model''s unit is not the holdout''s.';

CREATE FUNCTION segment.tracked_orders(model segment.btyd_model, customers segment.btyd, after interval) RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_tracked_orders' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.tracked_orders(segment.btyd_model, segment.btyd, interval) IS 'Repeat orders that the model expects of all customers from each one''s first order until so long after the end of their histories (before, if negative): the tracking curve. NULL for NULL arguments. 22023 where units differ.';

-- Simulation.

CREATE FUNCTION segment.simulate_orders(model segment.btyd_model, customers int, from_time timestamp, period interval, entry interval DEFAULT '0 days', seed bigint DEFAULT 1, OUT customer int, OUT ordered_at timestamp) RETURNS SETOF record
  AS 'MODULE_PATHNAME', 'segment_simulate_orders' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.simulate_orders(segment.btyd_model, int, timestamp, interval, interval, bigint) IS 'Orders of customers drawn from a transaction model: first orders spread evenly over entry from from_time on, then what the model makes of them until from_time + period. The same for the same seed. For tests, demonstrations and power studies. 22023 where an argument is out of range.';

CREATE FUNCTION segment.simulate_summaries(model segment.btyd_model, customers int, period interval, entry interval DEFAULT '0 days', seed bigint DEFAULT 1) RETURNS SETOF segment.repeat_summary
  AS 'MODULE_PATHNAME', 'segment_simulate_summaries' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.simulate_summaries(segment.btyd_model, int, interval, interval, bigint) IS 'Repeat summaries of customers drawn from a transaction model as in simulate_orders, of the exact moments: days are not merged. 22023 where an argument is out of range.';

CREATE FUNCTION segment.simulate_orders(model segment.btyd_model, spend segment.spend_model, customers int, from_time timestamp, period interval, entry interval DEFAULT '0 days', seed bigint DEFAULT 1, OUT customer int, OUT ordered_at timestamp, OUT amount numeric) RETURNS SETOF record
  AS 'MODULE_PATHNAME', 'segment_simulate_orders_spend' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.simulate_orders(segment.btyd_model, segment.spend_model, int, timestamp, interval, interval, bigint) IS 'The same orders as simulate_orders without a model of spend, with amounts drawn from it in whole cents. 22023 where an argument is out of range.';

CREATE FUNCTION segment.simulate_summaries(model segment.btyd_model, spend segment.spend_model, customers int, period interval, entry interval DEFAULT '0 days', seed bigint DEFAULT 1) RETURNS SETOF segment.repeat_summary
  AS 'MODULE_PATHNAME', 'segment_simulate_summaries_spend' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.simulate_summaries(segment.btyd_model, segment.spend_model, int, interval, interval, bigint) IS 'The same summaries as simulate_summaries without a model of spend, with spends drawn from it, unrounded. 22023 where an argument is out of range.';

CREATE FUNCTION segment.simulate_renewals(model segment.renewal_model, customers int, renewals int, seed bigint DEFAULT 1) RETURNS bigint[]
  AS 'MODULE_PATHNAME', 'segment_simulate_renewals' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.simulate_renewals(segment.renewal_model, int, int, bigint) IS 'A cohort drawn from the model: how many customers start, and are left after each renewal, as sbg takes it. The same for the same seed. 22023 where an argument is out of range.';

-- Renewals.

CREATE FUNCTION segment.renewal_survival(model segment.renewal_model, renewals int) RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_renewal_survival' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.renewal_survival(segment.renewal_model, int) IS 'Share of a cohort that is still there after so many renewals. NULL for NULL arguments. 22023 for a negative number.';

CREATE FUNCTION segment.renewal_rate(model segment.renewal_model, renewals int) RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_renewal_rate' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.renewal_rate(segment.renewal_model, int) IS 'Share of those with so many renewals who renew again; it rises, because those likely to leave have left. NULL for NULL arguments. 22023 for a negative number.';

CREATE FUNCTION segment.residual_renewals(model segment.renewal_model, renewals int, discount_per_period float8) RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_residual_renewals' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION segment.residual_renewals(segment.renewal_model, int, float8) IS 'Expected further renewals of a customer with so many, discounted per period, over an infinite horizon. NULL for NULL arguments. 22023 unless the discount is at least 0.000001.';
