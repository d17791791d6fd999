-- event: what came before a conversion, and through which channels people buy

CREATE FUNCTION segment.attribution_shares(touches integer, model text, ages double precision[] DEFAULT '{}', half_life double precision DEFAULT 7, direct boolean[] DEFAULT '{}') RETURNS double precision[]
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_attribution_shares';
COMMENT ON FUNCTION segment.attribution_shares(integer, text, double precision[], double precision, boolean[]) IS
  'the share of each of so many touches, in order of time: first, last, last_non_direct (needs direct: which touches are; the last one where all are), linear, position (40 percent the first, 40 the last, 20 all between; half each of two), time_decay (needs ages before the conversion: 2^(-age / half_life)). They add up to 1; NULL for NULL. 22023 for no touches, 2202E where a list does not fit them, 22003 for an age below 0';

CREATE FUNCTION segment.split_exact(value numeric, shares double precision[], decimals integer DEFAULT 2) RETURNS numeric[]
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_split_exact';
COMMENT ON FUNCTION segment.split_exact(numeric, double precision[], integer) IS
  'parts of an amount by shares, which add up to it to the last decimal: each is rounded down, and what is left goes to the largest remainders, the earlier of equal ones first. With as many decimals as the amount has, at least decimals (0 to 20). NULL for NULL; 22003 for an amount or a share out of range, 22023 for shares that add up to nothing';

CREATE FUNCTION segment.attribution_path(channels text[], transform text, direct text DEFAULT 'Direct') RETURNS text[]
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'segment_attribution_path';
COMMENT ON FUNCTION segment.attribution_path(text[], text, text) IS
  'a path of channels made shorter: exposure (one of equal ones in a row), first (the first of each channel), remove_direct, remove_last_direct (direct visits at the end); a path of direct visits only stays. NULL for NULL; 22023 for another word, 2202E for a NULL in the path';

DO $$
DECLARE
  type_name text;
  age text;
BEGIN
  FOR type_name, age IN VALUES
    ('date', '((converted_at OPERATOR(pg_catalog.-) u.at) * 86400)::double precision'),
    ('timestamp', 'pg_catalog.date_part(''epoch'', converted_at OPERATOR(pg_catalog.-) u.at)'),
    ('timestamptz', 'pg_catalog.date_part(''epoch'', converted_at OPERATOR(pg_catalog.-) u.at)') LOOP
    EXECUTE format($f$
      CREATE FUNCTION segment.attribution(converted_at %1$s, value numeric, touched_at %1$s[], channels text[], model text DEFAULT 'linear', look_back interval DEFAULT '30 days',
        half_life interval DEFAULT '7 days', direct text DEFAULT 'Direct', touched_from %1$s DEFAULT '-infinity')
      RETURNS TABLE (touch bigint, channel text, at %1$s, share double precision, credit numeric)
      LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 3
      BEGIN ATOMIC
        WITH path AS (
          SELECT COALESCE(u.channel, 'unknown') AS channel, u.at,
                 %2$s AS age
            FROM (SELECT pg_catalog.unnest(touched_at) AS at, pg_catalog.unnest(channels) AS channel) AS u
           WHERE u.at < converted_at AND u.at >= touched_from
             AND %2$s <= pg_catalog.date_part('epoch', look_back)
        ), touches AS (
          SELECT pg_catalog.array_agg(p.channel ORDER BY p.at, p.channel COLLATE "C") AS channels, pg_catalog.array_agg(p.at ORDER BY p.at, p.channel COLLATE "C") AS ats,
                 segment.attribution_shares(pg_catalog.count(*)::integer, model, pg_catalog.array_agg(p.age ORDER BY p.at, p.channel COLLATE "C"),
                   pg_catalog.date_part('epoch', half_life), pg_catalog.array_agg(p.channel = direct ORDER BY p.at, p.channel COLLATE "C")) AS shares
            FROM path AS p
          HAVING pg_catalog.count(*) > 0
        )
        SELECT n.touch::bigint, c.channels[n.touch], c.ats[n.touch], c.shares[n.touch], c.credits[n.touch]
          FROM (SELECT t.channels, t.ats, t.shares, segment.split_exact(value, t.shares) AS credits FROM touches AS t) AS c,
               pg_catalog.generate_series(1, pg_catalog.cardinality(c.shares)) AS n(touch)
        UNION ALL
        SELECT NULL, 'no touch', NULL, 1, value
         WHERE NOT EXISTS (SELECT 1 FROM path AS p);
      END;
      COMMENT ON FUNCTION segment.attribution(%1$s, numeric, %1$s[], text[], text, interval, interval, text, %1$s) IS
        'one row a touch before a conversion, with its share of the value by a model (attribution_shares), to the cent: the credits add up to the value. Touches count from look_back before the conversion until just before it, never after it, and not before touched_from; pass the conversion before it there, if each is to have its own touches. Without a touch one line ''no touch'' with the whole value, so that totals agree with revenue. Touches of the same time are in the order of their channels; those without a time are left out, a NULL channel is ''unknown''. Attribution is a rule of bookkeeping: it does not say what an advertisement caused. For that, hold some people out and compare';
    $f$, type_name, age);
  END LOOP;
END
$$;

CREATE FUNCTION segment.channel_type(online bigint, store bigint, min_share double precision DEFAULT 0) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE WHEN COALESCE(online, 0) <= 0 AND COALESCE(store, 0) <= 0 THEN 'none'
              WHEN COALESCE(store, 0) <= 0 THEN 'online only'
              WHEN COALESCE(online, 0) <= 0 THEN 'store only'
              WHEN online = store OR LEAST(online, store)::double precision / (online::numeric + store::numeric)::double precision >= min_share THEN 'omnichannel'
              WHEN online > store THEN 'online only'
              ELSE 'store only' END;
END;
COMMENT ON FUNCTION segment.channel_type(bigint, bigint, double precision) IS
  'through which channels somebody bought in a period, by the orders in each: online only, store only, omnichannel (both, the smaller with at least min_share of all, 0 to 0.5), none. NULL orders are none';

CREATE FUNCTION segment.channel_type(online boolean, store boolean) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE WHEN online AND store THEN 'omnichannel' WHEN online THEN 'online only' WHEN store THEN 'store only' ELSE 'none' END;
END;
COMMENT ON FUNCTION segment.channel_type(boolean, boolean) IS
  'the same by whether there were orders: online, store. NULL is no';

CREATE FUNCTION segment.channel_transfer(in_another bigint, again bigint, OUT index double precision, OUT mode text) RETURNS record
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
  SELECT i.index, CASE WHEN i.index < 0.2 THEN 'isolation' WHEN i.index <= 0.5 THEN 'equilibrium' WHEN i.index > 0.5 THEN 'transfer' END
    FROM (SELECT CASE WHEN again > 0 THEN in_another::double precision / again END AS index) AS i;
END;
COMMENT ON FUNCTION segment.channel_transfer(bigint, bigint) IS
  'how far a channel hands its customers on (Hillstrom): of its customers who bought again in the next period, the share who bought in another channel; below 0.2 isolation, up to 0.5 equilibrium, above transfer. NULL where nobody bought again, and for NULL';
