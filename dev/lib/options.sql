-- options.sql: the tables of options in docs/segmentation.md, each between the marks "<!-- options of F -->" and "<!-- end -->"; run by dev/reference
-- and by dev/test. What errors say comes from the same rows.
\pset format unaligned
\pset tuples_only on
SELECT concat(
  format(E'<!-- options of %s -->\n| option | default | accepted | |\n|---|---|---|---|\n', o.made_by),
  string_agg(format('| `%s` | %s | %s | %s |', o.option,
    CASE WHEN segment_internal.option_default(o.made_by, o.option) IS NOT NULL THEN '`' || segment_internal.option_default(o.made_by, o.option) || '`' WHEN o.needed THEN 'needed' ELSE 'none' END,
    CASE WHEN o.words IS NOT NULL THEN (SELECT string_agg('`' || w || '`', ', ' ORDER BY n) FROM unnest(o.words) WITH ORDINALITY AS u (w, n)) ELSE segment_internal.option_accepts(o) END,
    o.meaning), E'\n' ORDER BY o.position),
  E'\n<!-- end -->')
FROM segment_internal.declaration_option o GROUP BY o.made_by ORDER BY min(o.position);
