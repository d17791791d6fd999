-- clv-tiers: names for value. Two axes: how likely another order is, and what the customer is worth among those equally
-- likely to come back; and shares of the best.

CREATE FUNCTION segment.value_tier(value_level int, return_level int, levels int DEFAULT 2) RETURNS text
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE
    WHEN levels = 2 THEN
      (ARRAY['Occasional', 'Small but loyal', 'Valuable and slipping away', 'Valuable and active'])
        [CASE WHEN value_level IN (1, 2) AND return_level IN (1, 2) THEN 2 * (value_level - 1) + return_level END]
    WHEN levels = 3 THEN
      (ARRAY['Small and quiet', 'Small, uncertain', 'Small but loyal',
             'Middling and quiet', 'Middling, uncertain', 'Solid middle',
             'Valuable and slipping away', 'Valuable, uncertain', 'Valuable and active'])
        [CASE WHEN value_level IN (1, 2, 3) AND return_level IN (1, 2, 3) THEN 3 * (value_level - 1) + return_level END]
  END;
END;
COMMENT ON FUNCTION segment.value_tier(int, int, int) IS 'Name of a value tier: return_level is the score of p_orders (probability of at least one order in the horizon) among all customers, value_level that of clv in the horizon among those of the same return level, both 1 .. levels, 2 or 3. Never use bgnbd''s p_alive as the axis: it is 1 for every one-time buyer. NULL for other levels and for NULL arguments.';

CREATE FUNCTION segment.value_tiers(levels int DEFAULT 2, OUT value_level int, OUT return_level int, OUT tier text, OUT sort int, OUT meaning text, OUT action text)
  RETURNS SETOF record LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE ROWS 9
BEGIN ATOMIC
  SELECT v.value_level, v.return_level, segment.value_tier(v.value_level, v.return_level, v.levels), v.sort, v.meaning, v.action
  FROM (VALUES
    (2, 2, 2, 1, 'In the half most likely to order again, and worth more than most of it', 'Reward and keep: service, early access; no discounts needed'),
    (2, 1, 2, 2, 'In the half most likely to order again, but worth less than most of it', 'Raise the basket: bundles, cross-selling, thresholds for free delivery'),
    (2, 2, 1, 3, 'In the half least likely to order again, but worth more than most of it', 'Win back first: each one won back is worth the most; ask what went wrong'),
    (2, 1, 1, 4, 'In the half least likely to order again, and worth less than most of it', 'Cheap, automatic contact only'),
    (3, 3, 3, 1, 'In the third most likely to order again, and in the third of it that is worth most', 'Reward and keep: service, early access; no discounts needed'),
    (3, 2, 3, 2, 'In the third most likely to order again, of middling worth within it', 'Raise the basket: bundles, cross-selling'),
    (3, 1, 3, 3, 'In the third most likely to order again, but in the third of it that is worth least', 'Raise the basket: thresholds for free delivery'),
    (3, 3, 2, 4, 'In the middle third by the chance of another order, and in the third of it that is worth most', 'Remind in person, while it is easy: new products, what goes with the last order'),
    (3, 2, 2, 5, 'In the middle third by the chance of another order, of middling worth within it', 'Remind: seasonal offers, replenishment'),
    (3, 1, 2, 6, 'In the middle third by the chance of another order, but in the third of it that is worth least', 'Cheap, automatic contact only'),
    (3, 3, 1, 7, 'In the third least likely to order again, but in the third of it that is worth most', 'Win back first: each one won back is worth the most; ask what went wrong'),
    (3, 2, 1, 8, 'In the third least likely to order again, of middling worth within it', 'Win back by offers that pay at one order'),
    (3, 1, 1, 9, 'In the third least likely to order again, and in the third of it that is worth least', 'Leave in peace, or take off the list')
  ) v(levels, value_level, return_level, sort, meaning, action)
  WHERE v.levels = value_tiers.levels
  ORDER BY v.sort;
END;
COMMENT ON FUNCTION segment.value_tiers(int) IS 'The value tiers of 2 x 2 or 3 x 3 levels as rows: levels of value and of returning, name, sort key (1 is best), meaning, what to do. They sort by the chance of another order, then by value; a segmentation sorts its own by the mean value of their customers. No rows for other levels or NULL.';

CREATE FUNCTION segment.value_tier_sort(value_level int, return_level int, levels int DEFAULT 2) RETURNS int
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
  SELECT t.sort FROM segment.value_tiers(levels) t
  WHERE t.value_level = value_tier_sort.value_level AND t.return_level = value_tier_sort.return_level;
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
