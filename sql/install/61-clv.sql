-- clv: who will come back, and what they are worth.

-- Collecting customers.

CREATE FUNCTION cells_combine(internal, internal) RETURNS internal
  AS 'MODULE_PATHNAME', 'segment_cells_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION cells_serial(internal) RETURNS bytea
  AS 'MODULE_PATHNAME', 'segment_cells_serial' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
CREATE FUNCTION cells_deserial(bytea, internal) RETURNS internal
  AS 'MODULE_PATHNAME', 'segment_cells_deserial' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cells_combine(internal, internal) IS 'Combine function of btyd_agg, spend_agg, holdout_agg and their rollups';
COMMENT ON FUNCTION cells_serial(internal) IS 'Serialization of their states, for parallel plans';
COMMENT ON FUNCTION cells_deserial(bytea, internal) IS 'Deserialization of their states, for parallel plans';

CREATE FUNCTION btyd_final(internal) RETURNS btyd
  AS 'MODULE_PATHNAME', 'segment_cells_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION btyd_final(internal) IS 'Final function of btyd_agg and btyd_rollup';

CREATE FUNCTION spend_final(internal) RETURNS spend_summary
  AS 'MODULE_PATHNAME', 'segment_cells_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION spend_final(internal) IS 'Final function of spend_agg and spend_rollup';

CREATE FUNCTION holdout_final(internal) RETURNS holdout
  AS 'MODULE_PATHNAME', 'segment_cells_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION holdout_final(internal) IS 'Final function of holdout_agg and holdout_rollup';

CREATE FUNCTION btyd_agg_trans(internal, customer repeat_summary) RETURNS internal
  AS 'MODULE_PATHNAME', 'segment_btyd_agg_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION btyd_agg_trans(internal, repeat_summary) IS 'Transition function. 22023 outside an aggregate.';
CREATE AGGREGATE btyd_agg(customer repeat_summary) (
  SFUNC = btyd_agg_trans, STYPE = internal, SSPACE = 8192, FINALFUNC = btyd_final,
  COMBINEFUNC = cells_combine, SERIALFUNC = cells_serial, DESERIALFUNC = cells_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE btyd_agg(repeat_summary) IS 'Collects the histories of customers, equal ones once with a count. NULLs are skipped; NULL without customers. 22023 where units differ.';

CREATE FUNCTION btyd_agg_trans(internal, customer repeat_summary, covariates float8[]) RETURNS internal
  AS 'MODULE_PATHNAME', 'segment_btyd_agg_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION btyd_agg_trans(internal, repeat_summary, float8[]) IS 'Transition function. 22023 outside an aggregate.';
CREATE AGGREGATE btyd_agg(customer repeat_summary, covariates float8[]) (
  SFUNC = btyd_agg_trans, STYPE = internal, SSPACE = 8192, FINALFUNC = btyd_final,
  COMBINEFUNC = cells_combine, SERIALFUNC = cells_serial, DESERIALFUNC = cells_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE btyd_agg(repeat_summary, float8[]) IS 'Collects histories with up to 8 static covariates of each customer, which act on the rate of buying and on leaving; scale them to numbers around 1. NULLs are skipped; NULL without customers. 22023 where units or numbers of covariates differ.';

CREATE FUNCTION spend_agg_trans(internal, customer repeat_summary) RETURNS internal
  AS 'MODULE_PATHNAME', 'segment_spend_agg_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION spend_agg_trans(internal, repeat_summary) IS 'Transition function. 22023 outside an aggregate.';
CREATE AGGREGATE spend_agg(customer repeat_summary) (
  SFUNC = spend_agg_trans, STYPE = internal, SSPACE = 8192, FINALFUNC = spend_final,
  COMBINEFUNC = cells_combine, SERIALFUNC = cells_serial, DESERIALFUNC = cells_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE spend_agg(repeat_summary) IS 'Collects the mean spend of customers'' repeat purchases. Customers without repeat purchases, or whose mean is not positive, are skipped and counted; NULL without customers.';

CREATE FUNCTION spend_agg_trans(internal, customer repeat_summary, include_first boolean) RETURNS internal
  AS 'MODULE_PATHNAME', 'segment_spend_agg_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION spend_agg_trans(internal, repeat_summary, boolean) IS 'Transition function. 22023 outside an aggregate.';
CREATE AGGREGATE spend_agg(customer repeat_summary, include_first boolean) (
  SFUNC = spend_agg_trans, STYPE = internal, SSPACE = 8192, FINALFUNC = spend_final,
  COMBINEFUNC = cells_combine, SERIALFUNC = cells_serial, DESERIALFUNC = cells_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE spend_agg(repeat_summary, boolean) IS 'Collects the mean spend of customers'' purchases, the first one too if include_first: then one-time buyers are told apart by what they spent. Customers whose mean is unknown or not positive are skipped and counted; NULL without customers. 22004 for a NULL include_first.';

CREATE FUNCTION btyd_rollup_trans(internal, part btyd) RETURNS internal
  AS 'MODULE_PATHNAME', 'segment_cells_rollup_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION btyd_rollup_trans(internal, btyd) IS 'Transition function. 22023 outside an aggregate.';
CREATE AGGREGATE btyd_rollup(part btyd) (
  SFUNC = btyd_rollup_trans, STYPE = internal, SSPACE = 8192, FINALFUNC = btyd_final,
  COMBINEFUNC = cells_combine, SERIALFUNC = cells_serial, DESERIALFUNC = cells_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE btyd_rollup(btyd) IS 'Merges values of disjoint sets of customers. NULLs are skipped; NULL without input. 22023 where units differ.';

CREATE FUNCTION btyd_add(a btyd, b btyd) RETURNS btyd
  AS 'MODULE_PATHNAME', 'segment_cells_plus' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION btyd_add(btyd, btyd) IS 'The customers of both. NULL if either is NULL. 22023 where units differ.';

CREATE OPERATOR + (LEFTARG = btyd, RIGHTARG = btyd, FUNCTION = btyd_add, COMMUTATOR = +);
COMMENT ON OPERATOR + (btyd, btyd) IS 'The customers of both';

CREATE FUNCTION spend_rollup_trans(internal, part spend_summary) RETURNS internal
  AS 'MODULE_PATHNAME', 'segment_cells_rollup_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION spend_rollup_trans(internal, spend_summary) IS 'Transition function. 22023 outside an aggregate.';
CREATE AGGREGATE spend_rollup(part spend_summary) (
  SFUNC = spend_rollup_trans, STYPE = internal, SSPACE = 8192, FINALFUNC = spend_final,
  COMBINEFUNC = cells_combine, SERIALFUNC = cells_serial, DESERIALFUNC = cells_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE spend_rollup(spend_summary) IS 'Merges values of disjoint sets of customers. NULLs are skipped; NULL without input. 22023 where units differ.';

CREATE FUNCTION spend_summary_add(a spend_summary, b spend_summary) RETURNS spend_summary
  AS 'MODULE_PATHNAME', 'segment_cells_plus' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION spend_summary_add(spend_summary, spend_summary) IS 'The customers of both. NULL if either is NULL. 22023 where units differ.';

CREATE OPERATOR + (LEFTARG = spend_summary, RIGHTARG = spend_summary, FUNCTION = spend_summary_add, COMMUTATOR = +);
COMMENT ON OPERATOR + (spend_summary, spend_summary) IS 'The customers of both';

CREATE FUNCTION holdout_rollup_trans(internal, part holdout) RETURNS internal
  AS 'MODULE_PATHNAME', 'segment_cells_rollup_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION holdout_rollup_trans(internal, holdout) IS 'Transition function. 22023 outside an aggregate.';
CREATE AGGREGATE holdout_rollup(part holdout) (
  SFUNC = holdout_rollup_trans, STYPE = internal, SSPACE = 8192, FINALFUNC = holdout_final,
  COMBINEFUNC = cells_combine, SERIALFUNC = cells_serial, DESERIALFUNC = cells_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE holdout_rollup(holdout) IS 'Merges values of disjoint sets of customers. NULLs are skipped; NULL without input. 22023 where units differ.';

CREATE FUNCTION holdout_add(a holdout, b holdout) RETURNS holdout
  AS 'MODULE_PATHNAME', 'segment_cells_plus' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION holdout_add(holdout, holdout) IS 'The customers of both. NULL if either is NULL. 22023 where units differ.';

CREATE OPERATOR + (LEFTARG = holdout, RIGHTARG = holdout, FUNCTION = holdout_add, COMMUTATOR = +);
COMMENT ON OPERATOR + (holdout, holdout) IS 'The customers of both';

CREATE FUNCTION btyd_check(btyd btyd, OUT what text, OUT have float8, OUT need float8, OUT enough boolean, OUT difference float8, OUT missing text) RETURNS SETOF record
  AS 'MODULE_PATHNAME', 'segment_btyd_check' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION btyd_check(btyd) IS 'What a sample needs before a fit: one row a requirement, how much there is, how much it should be at least (at most, for the share of one-time buyers), the difference and what is missing. Rules of thumb: a smaller sample fits too, with wider intervals.';

-- Fits.

CREATE FUNCTION nbd(btyd btyd, penalty float8 DEFAULT 0, max_iter int DEFAULT 500) RETURNS btyd_model
  AS 'MODULE_PATHNAME', 'segment_nbd' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nbd(btyd, float8, int) IS 'NBD model (Ehrenberg 1959): nobody leaves. A baseline, not a model of customers who do. penalty: per customer, times the sum of the squared parameters; 0 is maximum likelihood. A fit that does not converge warns and says so in model_info. NULL for NULL. 22023 without customers; 53400 if maintenance_work_mem is too small.';

CREATE FUNCTION bgnbd(btyd btyd, penalty float8 DEFAULT 0, max_iter int DEFAULT 500) RETURNS btyd_model
  AS 'MODULE_PATHNAME', 'segment_bgnbd' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION bgnbd(btyd, float8, int) IS 'BG/NBD model (Fader, Hardie, Lee 2005): customers leave after an order only. So every one-time buyer has p_alive = 1: use it for expected orders, never rank customers by its p_alive; mbgnbd and pareto_nbd have no such gap. penalty: per customer, times the sum of the squared parameters; 0 is maximum likelihood. A fit that does not converge warns and says so in model_info. NULL for NULL. 22023 without customers; 53400 if maintenance_work_mem is too small.';

CREATE FUNCTION mbgnbd(btyd btyd, penalty float8 DEFAULT 0, max_iter int DEFAULT 500) RETURNS btyd_model
  AS 'MODULE_PATHNAME', 'segment_mbgnbd' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION mbgnbd(btyd, float8, int) IS 'MBG/NBD model (Batislam, Denizel, Filiztekin 2007), the default choice: as BG/NBD, and customers may leave right after the first order. penalty: per customer, times the sum of the squared parameters; 0 is maximum likelihood. A fit that does not converge warns and says so in model_info. NULL for NULL. 22023 without customers; 53400 if maintenance_work_mem is too small.';

CREATE FUNCTION pareto_nbd(btyd btyd, penalty float8 DEFAULT 0, max_iter int DEFAULT 500) RETURNS btyd_model
  AS 'MODULE_PATHNAME', 'segment_pareto_nbd' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION pareto_nbd(btyd, float8, int) IS 'Pareto/NBD model (Schmittlein, Morrison, Colombo 1987): customers may leave at any time. Slower to fit than mbgnbd. penalty: per customer, times the sum of the squared parameters; 0 is maximum likelihood. A fit that does not converge warns and says so in model_info. NULL for NULL. 22023 without customers; 53400 if maintenance_work_mem is too small.';

CREATE FUNCTION bgbb(btyd btyd, penalty float8 DEFAULT 0, max_iter int DEFAULT 500) RETURNS btyd_model
  AS 'MODULE_PATHNAME', 'segment_bgbb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION bgbb(btyd, float8, int) IS 'BG/BB model (Fader, Hardie, Shang 2010), for one chance to buy in each period (donations, events): summaries of whole periods by ledger_repeat_periods. penalty: per customer, times the sum of the squared parameters; 0 is maximum likelihood. A fit that does not converge warns and says so in model_info. NULL for NULL. 22023 without customers; 53400 if maintenance_work_mem is too small.';

CREATE FUNCTION gamma_gamma(spend spend_summary, penalty float8 DEFAULT 0, max_iter int DEFAULT 500) RETURNS spend_model
  AS 'MODULE_PATHNAME', 'segment_gamma_gamma' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION gamma_gamma(spend_summary, float8, int) IS 'Gamma-Gamma model of spend per order (Fader, Hardie 2013): takes spend for independent of frequency; model_info warns where they correlate, and where q <= 1, so that the population has no mean. penalty: per customer, times the sum of the squared parameters; 0 is maximum likelihood. A fit that does not converge warns and says so in model_info. NULL for NULL. 22023 without customers; 53400 if maintenance_work_mem is too small.';

CREATE FUNCTION sbg(active bigint[], penalty float8 DEFAULT 0, max_iter int DEFAULT 500) RETURNS renewal_model
  AS 'MODULE_PATHNAME', 'segment_sbg' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION sbg(bigint[], float8, int) IS 'Shifted-beta-geometric model of renewals (Fader, Hardie 2007) of one cohort: active[1] customers at the start, active[i + 1] left after i renewals. NULL for NULL. 22023 where the counts rise, 2202E for fewer than 3.';

CREATE FUNCTION btyd_model(kind text, parameters float8[], unit interval) RETURNS btyd_model
  AS 'MODULE_PATHNAME', 'segment_btyd_model_make' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION btyd_model(text, float8[], interval) IS 'A transaction model with given parameters, in the order of model_parameters: nbd r, alpha; bgnbd, mbgnbd r, alpha, a, b; pareto_nbd r, alpha, s, beta; bgbb alpha, beta, gamma, delta. NULL for NULL arguments. 22023 for anything else.';

CREATE FUNCTION spend_model(p float8, q float8, v float8, with_first boolean DEFAULT false) RETURNS spend_model
  AS 'MODULE_PATHNAME', 'segment_spend_model_make' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION spend_model(float8, float8, float8, boolean) IS 'A Gamma-Gamma model with given parameters. NULL for NULL arguments. 22023 unless they are positive.';

CREATE FUNCTION renewal_model(alpha float8, beta float8) RETURNS renewal_model
  AS 'MODULE_PATHNAME', 'segment_renewal_model_make' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION renewal_model(float8, float8) IS 'An sBG model with given parameters. NULL for NULL arguments. 22023 unless they are positive.';

CREATE FUNCTION with_covariates(model btyd_model, covariates float8[]) RETURNS btyd_model
  AS 'MODULE_PATHNAME', 'segment_with_covariates' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION with_covariates(btyd_model, float8[]) IS 'The model of a customer with these covariates, with the standard errors of its parameters. NULL for NULL arguments. 22023 where their number is not that of the fit.';

-- What a model says of itself.

CREATE FUNCTION model_info(fitted btyd_model, OUT model text, OUT unit interval, OUT customers bigint, OUT skipped_customers bigint, OUT cells int, OUT log_likelihood float8, OUT aic float8, OUT bic float8, OUT iterations int, OUT evaluations int, OUT stopped text, OUT gradient_norm float8, OUT penalty float8, OUT correlation float8, OUT warnings text[]) RETURNS record
  AS 'MODULE_PATHNAME', 'segment_clv_model_info' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION model_info(btyd_model) IS 'How a fit went: model, unit of time, customers, those that could not be used, cells, log-likelihood, AIC, BIC, iterations, evaluations of the likelihood, why it stopped (converged | boundary | flat likelihood | maximum of iterations | gradient not zero | no optimum: nobody came back | given), largest gradient component per customer at the end, penalty, correlation of frequency and spend (gamma_gamma), warnings or NULL.';

CREATE FUNCTION model_parameters(fitted btyd_model, OUT parameter text, OUT estimate float8, OUT standard_error float8, OUT lower_95 float8, OUT upper_95 float8) RETURNS SETOF record
  AS 'MODULE_PATHNAME', 'segment_model_parameters' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION model_parameters(btyd_model) IS 'Parameters with standard errors and 95 % intervals, on the log scale for positive ones; NULL where the fit gave none. rate_i, leave_i: effects of covariate i.';

CREATE FUNCTION model_covariance(fitted btyd_model) RETURNS float8[]
  AS 'MODULE_PATHNAME', 'segment_model_covariance' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION model_covariance(btyd_model) IS 'Covariance matrix of the parameters, in their order; NULL if the fit gave none.';

CREATE FUNCTION model_info(fitted spend_model, OUT model text, OUT unit interval, OUT customers bigint, OUT skipped_customers bigint, OUT cells int, OUT log_likelihood float8, OUT aic float8, OUT bic float8, OUT iterations int, OUT evaluations int, OUT stopped text, OUT gradient_norm float8, OUT penalty float8, OUT correlation float8, OUT warnings text[]) RETURNS record
  AS 'MODULE_PATHNAME', 'segment_clv_model_info' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION model_info(spend_model) IS 'How a fit went: model, unit of time, customers, those that could not be used, cells, log-likelihood, AIC, BIC, iterations, evaluations of the likelihood, why it stopped (converged | boundary | flat likelihood | maximum of iterations | gradient not zero | no optimum: nobody came back | given), largest gradient component per customer at the end, penalty, correlation of frequency and spend (gamma_gamma), warnings or NULL.';

CREATE FUNCTION model_parameters(fitted spend_model, OUT parameter text, OUT estimate float8, OUT standard_error float8, OUT lower_95 float8, OUT upper_95 float8) RETURNS SETOF record
  AS 'MODULE_PATHNAME', 'segment_model_parameters' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION model_parameters(spend_model) IS 'Parameters with standard errors and 95 % intervals, on the log scale for positive ones; NULL where the fit gave none. rate_i, leave_i: effects of covariate i.';

CREATE FUNCTION model_covariance(fitted spend_model) RETURNS float8[]
  AS 'MODULE_PATHNAME', 'segment_model_covariance' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION model_covariance(spend_model) IS 'Covariance matrix of the parameters, in their order; NULL if the fit gave none.';

CREATE FUNCTION model_info(fitted renewal_model, OUT model text, OUT unit interval, OUT customers bigint, OUT skipped_customers bigint, OUT cells int, OUT log_likelihood float8, OUT aic float8, OUT bic float8, OUT iterations int, OUT evaluations int, OUT stopped text, OUT gradient_norm float8, OUT penalty float8, OUT correlation float8, OUT warnings text[]) RETURNS record
  AS 'MODULE_PATHNAME', 'segment_clv_model_info' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION model_info(renewal_model) IS 'How a fit went: model, unit of time, customers, those that could not be used, cells, log-likelihood, AIC, BIC, iterations, evaluations of the likelihood, why it stopped (converged | boundary | flat likelihood | maximum of iterations | gradient not zero | no optimum: nobody came back | given), largest gradient component per customer at the end, penalty, correlation of frequency and spend (gamma_gamma), warnings or NULL.';

CREATE FUNCTION model_parameters(fitted renewal_model, OUT parameter text, OUT estimate float8, OUT standard_error float8, OUT lower_95 float8, OUT upper_95 float8) RETURNS SETOF record
  AS 'MODULE_PATHNAME', 'segment_model_parameters' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION model_parameters(renewal_model) IS 'Parameters with standard errors and 95 % intervals, on the log scale for positive ones; NULL where the fit gave none. rate_i, leave_i: effects of covariate i.';

CREATE FUNCTION model_covariance(fitted renewal_model) RETURNS float8[]
  AS 'MODULE_PATHNAME', 'segment_model_covariance' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION model_covariance(renewal_model) IS 'Covariance matrix of the parameters, in their order; NULL if the fit gave none.';

-- Predictions for one customer. All are pure functions; NULL for NULL arguments; 22023 where the summary's unit is not the model's.

CREATE FUNCTION p_alive(model btyd_model, customer repeat_summary) RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_p_alive' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION p_alive(btyd_model, repeat_summary) IS 'Probability that the customer is still active at the end of the history. With bgnbd it is 1 for every one-time buyer: never rank by it. NULL for NULL arguments. 22023 where the summary''s unit is not the model''s.';

CREATE FUNCTION p_alive(model btyd_model, customer repeat_summary, after interval) RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_p_alive' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION p_alive(btyd_model, repeat_summary, interval) IS 'Probability that the customer will still be active so long after the history. NULL for NULL arguments. 22023 where the summary''s unit is not the model''s or the time is negative.';

CREATE FUNCTION p_return(model btyd_model, customer repeat_summary) RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_p_return' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION p_return(btyd_model, repeat_summary) IS 'Probability that another order ever comes. NULL for NULL arguments. 22023 where the summary''s unit is not the model''s.';

CREATE FUNCTION expected_orders(model btyd_model, customer repeat_summary, horizon interval) RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_expected_orders' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION expected_orders(btyd_model, repeat_summary, interval) IS 'Expected number of orders within the horizon after the history (a month is 365.25/12 days). NULL for NULL arguments. 22023 where the summary''s unit is not the model''s or the horizon is negative.';

CREATE FUNCTION expected_orders(model btyd_model, horizon interval) RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_expected_orders_new' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION expected_orders(btyd_model, interval) IS 'Expected number of orders of a customer within the horizon after the first order. NULL for NULL arguments. 22023 for a negative horizon.';

CREATE FUNCTION expected_orders_error(model btyd_model, customer repeat_summary, horizon interval) RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_expected_orders_error' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION expected_orders_error(btyd_model, repeat_summary, interval) IS 'Standard error of expected_orders that comes from the parameters'' uncertainty alone (delta method). What one customer does scatters far more: see orders_quantile. NULL if the model has no standard errors. NULL for NULL arguments. 22023 where the summary''s unit is not the model''s.';

CREATE FUNCTION p_orders(model btyd_model, customer repeat_summary, horizon interval, n bigint DEFAULT 1) RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_p_orders' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION p_orders(btyd_model, repeat_summary, interval, bigint) IS 'Probability of at least n orders within the horizon after the history. NULL for NULL arguments. 22023 where the summary''s unit is not the model''s or the horizon is negative.';

CREATE FUNCTION p_orders(model btyd_model, horizon interval, n bigint DEFAULT 1) RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_p_orders_new' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION p_orders(btyd_model, interval, bigint) IS 'Probability of at least n orders within the horizon after the first order. NULL for NULL arguments. 22023 for a negative horizon or n.';

CREATE FUNCTION p_orders_exactly(model btyd_model, customer repeat_summary, horizon interval, n bigint) RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_p_orders_exactly' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION p_orders_exactly(btyd_model, repeat_summary, interval, bigint) IS 'Probability of exactly n orders within the horizon after the history. NULL for NULL arguments. 22023 where the summary''s unit is not the model''s, or horizon or n is negative.';

CREATE FUNCTION p_orders_exactly(model btyd_model, horizon interval, n bigint) RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_p_orders_exactly_new' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION p_orders_exactly(btyd_model, interval, bigint) IS 'Probability of exactly n orders within the horizon after the first order. NULL for NULL arguments. 22023 for a negative horizon or n.';

CREATE FUNCTION orders_quantile(model btyd_model, customer repeat_summary, horizon interval, probability float8) RETURNS bigint
  AS 'MODULE_PATHNAME', 'segment_orders_quantile' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION orders_quantile(btyd_model, repeat_summary, interval, float8) IS 'The smallest number of orders within the horizon that is not exceeded with this probability: the customer''s own predictive distribution; 0.025 and 0.975 make a 95 % interval. NULL for NULL arguments. 22023 where the summary''s unit is not the model''s, or the probability is not between 0 and 1.';

CREATE FUNCTION next_order(model btyd_model, customer repeat_summary, probability float8 DEFAULT 0.5) RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_next_order' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION next_order(btyd_model, repeat_summary, float8) IS 'Days after the history within which the next order comes with this probability; NULL if it never gets that probable, as the customer may have left. NULL for NULL arguments. 22023 where the summary''s unit is not the model''s, or the probability is not between 0 and 1.';

CREATE FUNCTION expected_next_order(model btyd_model, customer repeat_summary, within interval) RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_expected_next_order' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION expected_next_order(btyd_model, repeat_summary, interval) IS 'Mean days after the history until the next order, given that it comes within this time; p_orders is the probability that it does. Without such a limit the mean is infinite: the customer may have left, and rates near zero make the wait a Lomax variable with a heavy tail. NULL for a time of 0 and for NULL arguments. 22023 where the summary''s unit is not the model''s, or the time is negative.';

CREATE FUNCTION history_log_likelihood(model btyd_model, customer repeat_summary) RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_history_log_likelihood' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION history_log_likelihood(btyd_model, repeat_summary) IS 'Log-likelihood of one history under the model. NULL for NULL arguments. 22023 where the summary''s unit is not the model''s.';

CREATE FUNCTION expected_spend(model spend_model, customer repeat_summary) RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_expected_spend' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION expected_spend(spend_model, repeat_summary) IS 'Expected amount per future order: the customer''s own mean, drawn toward the population''s. Without purchases in it (one-time buyers, unless the model includes first purchases) the population''s mean. NULL where that does not exist (q <= 1), the spend is unknown, or for NULL arguments.';

-- Value.

CREATE FUNCTION discounted_orders(model btyd_model, customer repeat_summary, horizon interval, annual_discount float8 DEFAULT 0, timing text DEFAULT 'continuous', step interval DEFAULT '1 month') RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_discounted_orders' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION discounted_orders(btyd_model, repeat_summary, interval, float8, text, interval) IS 'Expected orders within the horizon, discounted by the effective annual rate (0.1 is 10 %). timing continuous: each order from its own moment; period_end: from the end of its step. NULL for NULL arguments. 22023 where the summary''s unit is not the model''s, or an argument is out of range.';

CREATE FUNCTION residual_orders(model btyd_model, customer repeat_summary, annual_discount float8) RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_residual_orders' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION residual_orders(btyd_model, repeat_summary, float8) IS 'Expected orders over an infinite horizon, continuously discounted by the effective annual rate (discounted expected residual transactions). NULL for NULL arguments. 22023 where the summary''s unit is not the model''s, or the discount is not positive.';

CREATE FUNCTION clv(model btyd_model, spend spend_model, customer repeat_summary, horizon interval, annual_discount float8 DEFAULT 0, margin_rate float8 DEFAULT 1, timing text DEFAULT 'continuous', step interval DEFAULT '1 month') RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_clv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clv(btyd_model, spend_model, repeat_summary, interval, float8, float8, text, interval) IS 'Customer lifetime value within the horizon: discounted_orders × expected_spend × margin_rate (1 gives revenue). Orders so far are not in it. NULL where the spend is unknown, or for NULL arguments. 22023 where the summary''s unit is not the model''s, or an argument is out of range.';

CREATE FUNCTION residual_value(model btyd_model, spend spend_model, customer repeat_summary, annual_discount float8, margin_rate float8 DEFAULT 1) RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_residual_value' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION residual_value(btyd_model, spend_model, repeat_summary, float8, float8) IS 'Customer lifetime value over an infinite horizon: residual_orders × expected_spend × margin_rate. NULL where the spend is unknown, or for NULL arguments. 22023 where the summary''s unit is not the model''s, or an argument is out of range.';

-- Backtests.

CREATE FUNCTION holdout_agg_trans(internal, ledger ledger, split date, until date, unit interval) RETURNS internal
  AS 'MODULE_PATHNAME', 'segment_holdout_agg_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION holdout_agg_trans(internal, ledger, date, date, interval) IS 'Transition function. 22023 outside an aggregate.';
CREATE AGGREGATE holdout_agg(ledger ledger, split date, until date, unit interval) (
  SFUNC = holdout_agg_trans, STYPE = internal, SSPACE = 8192, FINALFUNC = holdout_final,
  COMBINEFUNC = cells_combine, SERIALFUNC = cells_serial, DESERIALFUNC = cells_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE holdout_agg(ledger, date, date, interval) IS 'Collects customers as they were on the day split (repeat summary, amount, purchases of the period before that is as long as the hold-out) and what they bought after it, up to until. Nothing after split reaches what models are fitted on. Customers without a purchase up to split are not in it; NULL if there are none. 22023 unless split lies before until, 22004 where an argument but the ledger is NULL.';

CREATE FUNCTION holdout_periods_agg_trans(internal, ledger ledger, split date, until date, period interval) RETURNS internal
  AS 'MODULE_PATHNAME', 'segment_holdout_periods_agg_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION holdout_periods_agg_trans(internal, ledger, date, date, interval) IS 'Transition function. 22023 outside an aggregate.';
CREATE AGGREGATE holdout_periods_agg(ledger ledger, split date, until date, period interval) (
  SFUNC = holdout_periods_agg_trans, STYPE = internal, SSPACE = 8192, FINALFUNC = holdout_final,
  COMBINEFUNC = cells_combine, SERIALFUNC = cells_serial, DESERIALFUNC = cells_deserial, PARALLEL = SAFE
);
COMMENT ON AGGREGATE holdout_periods_agg(ledger, date, date, interval) IS 'As holdout_agg, in whole periods of each customer, counted as ledger_repeat_periods does: what bgbb takes. The hold-out is as many periods as lie between split and until; of each customer it begins where the last whole period up to split ended. Periods are whole days or calendar months. NULL without customers. 22023 unless split lies a period before until, 22004 where an argument but the ledger is NULL.';

CREATE FUNCTION holdout_btyd(holdout holdout) RETURNS btyd
  AS 'MODULE_PATHNAME', 'segment_holdout_btyd' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION holdout_btyd(holdout) IS 'The customers of a holdout as they were at the split: what models are fitted on. NULL for NULL.';

CREATE FUNCTION backtest(holdout holdout, models text[] DEFAULT '{mbgnbd,pareto_nbd,bgnbd,nbd}', penalty float8 DEFAULT 0, OUT ranked_by text, OUT customers bigint, OUT actual float8, OUT expected float8, OUT mae float8, OUT rmse float8, OUT bias float8, OUT msle float8, OUT auc float8, OUT gini float8, OUT top_10_share float8, OUT top_20_share float8) RETURNS SETOF record
  AS 'MODULE_PATHNAME', 'segment_backtest' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION backtest(holdout, text[], float8) IS 'Fits models on a holdout''s customers at the split and measures them on what came after, beside baselines (recency alone, sum of R, F and M quintiles, as many as in the period before). One row per model and score: orders that came and were expected, mean absolute error, root mean squared error, bias (expected / actual - 1), mean squared error of log(1 + orders); and how the score ranks customers: AUC of having ordered at all, Gini of the orders, share of the orders that the best 10 % and 20 % of customers placed. Equal scores count as in random order. NULL where a score predicts no number. 22023 for an unknown model, or bgbb on a hold-out in continuous time.';

CREATE FUNCTION backtest_calibration(holdout holdout, model btyd_model, classes int DEFAULT 8, OUT repeat_purchases int, OUT customers bigint, OUT actual float8, OUT expected float8) RETURNS SETOF record
  AS 'MODULE_PATHNAME', 'segment_backtest_calibration' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION backtest_calibration(holdout, btyd_model, int) IS 'Mean orders of the hold-out, actual and expected, by number of repeat purchases up to the split; the last class holds that many or more. 22023 where the model''s unit is not the holdout''s.';

CREATE FUNCTION backtest_gain(holdout holdout, model btyd_model, OUT decile int, OUT customers_share float8, OUT orders_share float8, OUT amount_share float8) RETURNS SETOF record
  AS 'MODULE_PATHNAME', 'segment_backtest_gain' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION backtest_gain(holdout, btyd_model) IS 'Customers by expected orders, best first: the share of the hold-out''s orders and amount that the best 10 %, 20 %, … of them hold. 22023 where the model''s unit is not the holdout''s.';

CREATE FUNCTION tracked_orders(model btyd_model, customers btyd, after interval) RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_tracked_orders' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tracked_orders(btyd_model, btyd, interval) IS 'Repeat orders that the model expects of all customers from each one''s first order until so long after the end of their histories (before, if negative): the tracking curve. NULL for NULL arguments. 22023 where units differ.';

-- Simulation.

CREATE FUNCTION simulate_orders(model btyd_model, customers int, from_time timestamp, period interval, entry interval DEFAULT '0 days', seed bigint DEFAULT 1, OUT customer int, OUT ordered_at timestamp) RETURNS SETOF record
  AS 'MODULE_PATHNAME', 'segment_simulate_orders' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION simulate_orders(btyd_model, int, timestamp, interval, interval, bigint) IS 'Orders of customers drawn from a transaction model: first orders spread evenly over entry from from_time on, then what the model makes of them until from_time + period. The same for the same seed. For tests, demonstrations and power studies. 22023 where an argument is out of range.';

CREATE FUNCTION simulate_summaries(model btyd_model, customers int, period interval, entry interval DEFAULT '0 days', seed bigint DEFAULT 1) RETURNS SETOF repeat_summary
  AS 'MODULE_PATHNAME', 'segment_simulate_summaries' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION simulate_summaries(btyd_model, int, interval, interval, bigint) IS 'Repeat summaries of customers drawn from a transaction model as in simulate_orders, of the exact moments: days are not merged. 22023 where an argument is out of range.';

CREATE FUNCTION simulate_orders(model btyd_model, spend spend_model, customers int, from_time timestamp, period interval, entry interval DEFAULT '0 days', seed bigint DEFAULT 1, OUT customer int, OUT ordered_at timestamp, OUT amount numeric) RETURNS SETOF record
  AS 'MODULE_PATHNAME', 'segment_simulate_orders_spend' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION simulate_orders(btyd_model, spend_model, int, timestamp, interval, interval, bigint) IS 'The same orders as simulate_orders without a model of spend, with amounts drawn from it in whole cents. 22023 where an argument is out of range.';

CREATE FUNCTION simulate_summaries(model btyd_model, spend spend_model, customers int, period interval, entry interval DEFAULT '0 days', seed bigint DEFAULT 1) RETURNS SETOF repeat_summary
  AS 'MODULE_PATHNAME', 'segment_simulate_summaries_spend' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION simulate_summaries(btyd_model, spend_model, int, interval, interval, bigint) IS 'The same summaries as simulate_summaries without a model of spend, with spends drawn from it, unrounded. 22023 where an argument is out of range.';

CREATE FUNCTION simulate_renewals(model renewal_model, customers int, renewals int, seed bigint DEFAULT 1) RETURNS bigint[]
  AS 'MODULE_PATHNAME', 'segment_simulate_renewals' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION simulate_renewals(renewal_model, int, int, bigint) IS 'A cohort drawn from the model: how many customers start, and are left after each renewal, as sbg takes it. The same for the same seed. 22023 where an argument is out of range.';

-- Renewals.

CREATE FUNCTION renewal_survival(model renewal_model, renewals int) RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_renewal_survival' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION renewal_survival(renewal_model, int) IS 'Share of a cohort that is still there after so many renewals. NULL for NULL arguments. 22023 for a negative number.';

CREATE FUNCTION renewal_rate(model renewal_model, renewals int) RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_renewal_rate' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION renewal_rate(renewal_model, int) IS 'Share of those with so many renewals who renew again; it rises, because those likely to leave have left. NULL for NULL arguments. 22023 for a negative number.';

CREATE FUNCTION residual_renewals(model renewal_model, renewals int, discount_per_period float8) RETURNS float8
  AS 'MODULE_PATHNAME', 'segment_residual_renewals' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION residual_renewals(renewal_model, int, float8) IS 'Expected further renewals of a customer with so many, discounted per period, over an infinite horizon. NULL for NULL arguments. 22023 unless the discount is at least 0.000001.';
