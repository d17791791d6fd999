-- label(), its companions and its errors as a user meets them
SELECT segment.label('5-5-5', 'standard'), segment.label_sort('5-5-5', 'standard'), segment.label_colour('5-5-5', 'standard');
SELECT score, segment.label(score, 'classic') AS classic, segment.label(score, 'r_package') AS r_package
FROM (VALUES ('5-4-3'::segment.rfm_score), ('2-1-5'), ('none'), (NULL)) s(score);

-- Orders and tenure decide what scores leave open.
SELECT days, segment.label('4-1-2', 'standard', segment.rfm_agg(date '2025-06-30' - days, 10), '2025-06-30')
FROM (VALUES (60), (61)) v(days) GROUP BY days ORDER BY days;

-- A scheme of one's own.
SELECT segment.copy_scheme('grid', 'ours');
UPDATE segment.scheme_rule SET segment = 'favourites' WHERE scheme = 'ours' AND segment = 'champions';
SELECT segment.label('5-5-1', 'ours');
DELETE FROM segment.scheme_rule WHERE scheme = 'ours' AND segment = 'need_attention';
SELECT kind, cells, message FROM segment.check_scheme('ours') ORDER BY cells LIMIT 2;

-- Errors say what to do.
SELECT segment.label('5-5-5', 'standart');
SELECT segment.label('3-3-3/3', 'classic');
UPDATE segment.scheme SET title = 'mine' WHERE name = 'classic';
INSERT INTO segment.scheme_rule (scheme, position, segment, r_lower) VALUES ('ours', 11, 'too good', 6);
SELECT segment.copy_scheme('classic', 'ours');

-- A name that is shipped.
INSERT INTO segment.scheme (name) VALUES ('classic');
SELECT segment.label('5-5-5', 'classic');
DELETE FROM segment.scheme WHERE NOT shipped;
SELECT segment.label('5-5-5', 'classic');
