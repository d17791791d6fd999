-- clv-tiers: names for value. Two axes: what a customer is expected to spend, and how likely another order is; and
-- shares of the best.

CREATE FUNCTION segment.value_tier(spend_level int, return_level int, levels int DEFAULT 2) RETURNS text
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE
    WHEN levels = 2 THEN
      (ARRAY['Occasional', 'Small but loyal', 'Valuable and slipping away', 'Valuable and active'])
        [CASE WHEN spend_level IN (1, 2) AND return_level IN (1, 2) THEN 2 * (spend_level - 1) + return_level END]
    WHEN levels = 3 THEN
      (ARRAY['Gone and small', 'Fading and small', 'Small but loyal',
             'Lost middle', 'Middle, uncertain', 'Solid middle',
             'Valuable and slipping away', 'Valuable, uncertain', 'Valuable and active'])
        [CASE WHEN spend_level IN (1, 2, 3) AND return_level IN (1, 2, 3) THEN 3 * (spend_level - 1) + return_level END]
  END;
END;
COMMENT ON FUNCTION segment.value_tier(int, int, int) IS 'Name of a value tier: spend_level is the score of expected_spend, return_level that of p_orders (probability of at least one order in the horizon), both 1 .. levels, 2 or 3. pareto_nbd''s p_orders ranks best. Never use bgnbd''s p_alive as the axis: it is 1 for every one-time buyer. NULL for other levels and for NULL arguments.';

CREATE FUNCTION segment.value_tiers(levels int DEFAULT 2, OUT spend_level int, OUT return_level int, OUT tier text, OUT sort int, OUT meaning text, OUT action text)
  RETURNS SETOF record LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE ROWS 9
BEGIN ATOMIC
  SELECT v.spend_level, v.return_level, segment.value_tier(v.spend_level, v.return_level, v.levels), v.sort, v.meaning, v.action
  FROM (VALUES
    (2, 2, 2, 1, 'Spends more than most when ordering, and will probably order again', 'Reward and keep: service, early access; no discounts needed'),
    (2, 2, 1, 2, 'Spends more than most when ordering, but will probably not come back by itself', 'Win back first: each one won back is worth the most; ask what went wrong'),
    (2, 1, 2, 3, 'Will probably order again, small amounts', 'Raise the basket: bundles, cross-selling, thresholds for free delivery'),
    (2, 1, 1, 4, 'Spends little and will probably not come back', 'Cheap, automatic contact only'),
    (3, 3, 3, 1, 'Among the highest expected spend, and likely to order again', 'Reward and keep: service, early access; no discounts needed'),
    (3, 3, 2, 2, 'Among the highest expected spend, may or may not order again', 'Remind in person, while it is easy: new products, what goes with the last order'),
    (3, 3, 1, 3, 'Among the highest expected spend, but unlikely to order again by itself', 'Win back first: each one won back is worth the most; ask what went wrong'),
    (3, 2, 3, 4, 'Middling spend, likely to order again', 'Raise the basket: bundles, cross-selling'),
    (3, 2, 2, 5, 'Middling spend, may or may not order again', 'Remind: seasonal offers, replenishment'),
    (3, 2, 1, 6, 'Middling spend, unlikely to order again', 'Win back by offers that pay at one order'),
    (3, 1, 3, 7, 'Small spend, likely to order again', 'Raise the basket: thresholds for free delivery'),
    (3, 1, 2, 8, 'Small spend, may or may not order again', 'Cheap, automatic contact only'),
    (3, 1, 1, 9, 'Small spend, unlikely to order again', 'Leave in peace, or take off the list')
  ) v(levels, spend_level, return_level, sort, meaning, action)
  WHERE v.levels = value_tiers.levels
  ORDER BY v.sort;
END;
COMMENT ON FUNCTION segment.value_tiers(int) IS 'The value tiers of 2 x 2 or 3 x 3 levels as rows: levels of spend and of returning, name, sort key (1 is best), meaning, what to do. No rows for other levels or NULL.';

CREATE FUNCTION segment.value_tier_sort(spend_level int, return_level int, levels int DEFAULT 2) RETURNS int
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
  SELECT t.sort FROM segment.value_tiers(levels) t
  WHERE t.spend_level = value_tier_sort.spend_level AND t.return_level = value_tier_sort.return_level;
END;
COMMENT ON FUNCTION segment.value_tier_sort(int, int, int) IS 'Sort key of a value tier, 1 is best. NULL for other levels and for NULL arguments.';

CREATE FUNCTION segment.top_tier(rank bigint, customers bigint, shares float8[] DEFAULT '{0.1,0.2,0.3}') RETURNS text
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE WHEN min(s) IS NULL THEN 'the rest' ELSE 'top ' || min(s) * 100 || ' %' END
  FROM unnest(shares) AS s
  WHERE rank <= ceil((s * customers)::numeric);
END;
COMMENT ON FUNCTION segment.top_tier(bigint, bigint, float8[]) IS 'The smallest share of the best that a customer belongs to: top 10 %, top 20 %, top 30 %, else the rest. rank: rank() OVER (ORDER BY value DESC), customers: count(*) OVER (). Rule for ties: equal values have equal ranks, so all or none of them belong; a share then holds a few more than it says, never fewer. NULL for NULL arguments.';

CREATE FUNCTION segment.volume_tier(rank bigint, customers bigint, heavy float8 DEFAULT 0.2, medium float8 DEFAULT 0.3) RETURNS text
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE WHEN rank <= ceil((heavy * customers)::numeric) THEN 'heavy'
              WHEN rank <= ceil(((heavy + medium) * customers)::numeric) THEN 'medium' ELSE 'light' END;
END;
COMMENT ON FUNCTION segment.volume_tier(bigint, bigint, float8, float8) IS 'heavy, medium or light: the best 20 %, the next 30 % and the rest, or other shares. rank: rank() OVER (ORDER BY value DESC), customers: count(*) OVER (). Equal values have equal ranks and tiers. NULL for NULL arguments.';
