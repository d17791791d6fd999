-- Schemes: names for scores, the shipped schemes, one of the user's own, and what is refused.
SET datestyle = ISO;
SELECT name, bins, count(DISTINCT segment) AS segments, count(*) AS rules
FROM segment.scheme JOIN segment.scheme_rule ON scheme = name GROUP BY name, bins ORDER BY name;

SELECT score, segment.label(score::segment.rfm_score, 'classic'), segment.label_sort(score::segment.rfm_score, 'classic')
FROM (VALUES ('5-5-5'), ('1-5-5'), ('5-1-1'), ('1-1-1'), ('none'), (NULL)) v(score);

-- standard looks at the orders too: one order long ago is not new
SELECT first, segment.label('5-1-3', 'standard', segment.rfm_agg(first, 10), '2025-12-31')
FROM (VALUES (date '2025-12-20'), ('2024-01-01')) v(first) GROUP BY first ORDER BY first DESC;

-- a scheme of the user's own
SELECT segment.copy_scheme('grid', 'ours') > 0 AS copied;
UPDATE segment.scheme_rule SET segment = 'Stars' WHERE scheme = 'ours' AND segment = 'champions';
SELECT segment.label('5-5-1', 'ours'), segment.label('5-5-1', 'grid');
SELECT * FROM segment.check_scheme('ours');
DELETE FROM segment.scheme_rule WHERE scheme = 'ours' AND segment = 'Stars';
SELECT kind, count(*), min(message) FROM segment.check_scheme('ours') GROUP BY kind;
SELECT segment.label('5-5-1', 'ours');

-- refused
INSERT INTO segment.scheme_rule (scheme, position, segment, r_lower) VALUES ('ours', 11, 'too good', 6);
SELECT segment.copy_scheme('classic', 'ours');
DELETE FROM segment.scheme WHERE name = 'ours';
SELECT segment.label('5-5-1', 'clasic');
SELECT segment.label('3-3-1/4', 'classic');
DELETE FROM segment.scheme WHERE name = 'classic';

-- a name that is shipped
INSERT INTO segment.scheme (name) VALUES ('classic');
SELECT segment.label('5-5-5', 'classic');
DELETE FROM segment.scheme WHERE NOT shipped;
SELECT segment.label('5-5-5', 'classic');
