-- scheme: the shipped schemes, part two: those of packages and products

-- r_package
INSERT INTO segment.scheme (name, shipped, bins, title, source) VALUES ('r_package', true, 5,
  'The R package''s rules, first match wins; 10 cells are Others',
  'R package rfm, README and vignettes since 0.2.2');
WITH word (segment, sort, colour, meaning, action) AS (VALUES
  ('Champions', 1, '#364B9A', 'Bought lately, buy often and spend most.',
   'Reward them, show them what is new first, ask for referrals.'),
  ('Loyal Customers', 2, '#4A7BB7', 'Buy regularly and spend well.',
   'Offer better versions of what they buy; ask for reviews.'),
  ('Potential Loyalist', 3, '#6EA6CD', 'Recent customers with more than one order and fair spend.',
   'Invite them to the loyalty programme; recommend related products.'),
  ('New Customers', 4, '#98CAE1', 'Bought lately, but not often.',
   'Help them start well; build up contact step by step.'),
  ('Promising', 5, '#C2E4EF', 'Fairly recent, few orders, with a good total.',
   'Make the brand known; give a reason to come back.'),
  ('Need Attention', 6, '#FEDA8B', 'Good frequency and spend, but fading recency.',
   'A limited offer based on what they bought.'),
  ('About To Sleep', 7, '#FDB366', 'Below average in recency, frequency and spend.',
   'Reconnect: share useful content, recommend popular products.'),
  ('Can''t Lose Them', 8, '#F67E4B', 'Made big purchases, and often, but not for long.',
   'Win them back with newer products; talk to them.'),
  ('At Risk', 9, '#DD3D2D', 'Spent much and bought often, but long ago.',
   'Write personally; give a reason to return.'),
  ('Lost', 10, '#A50026', 'Lowest recency of all.',
   'One attempt to revive interest, then leave them out.')
),
rule (position, segment, r_lower, r_upper, f_lower, f_upper, m_lower, m_upper) AS (VALUES
  (1, 'Champions', 5, 5,  5, 5,  5, 5),
  (2, 'Potential Loyalist', 3, 5,  3, 5,  2, 5),
  (3, 'Loyal Customers', 2, 4,  2, 4,  2, 4),
  (4, 'Promising', 3, 4,  1, 3,  3, 5),
  (5, 'New Customers', 4, 5,  1, 3,  1, 5),
  (6, 'Can''t Lose Them', 1, 2,  3, 4,  4, 5),
  (7, 'At Risk', 1, 2,  2, 5,  4, 5),
  (8, 'Need Attention', 1, 3,  3, 5,  3, 5),
  (9, 'About To Sleep', 2, 3,  1, 3,  1, 4),
  (10, 'Lost', 1, 1,  1, 5,  1, 5)
)
INSERT INTO segment.scheme_rule (scheme, shipped, position, segment, r_lower, r_upper, f_lower, f_upper, m_lower, m_upper,
  sort, meaning, action, colour)
SELECT 'r_package', true, position, segment, r_lower, r_upper, f_lower, f_upper, m_lower, m_upper,
  sort, meaning, action, colour
FROM rule JOIN word USING (segment);

-- r_package_old: New Customers, Promising and Can't Lose Them are shadowed by earlier rules, as published
INSERT INTO segment.scheme (name, shipped, bins, title, source) VALUES ('r_package_old', true, 5,
  'The R package''s former rules; 36 cells are Others, and three rules never fire',
  'R package rfm, older documentation and tests');
WITH word (segment, sort, colour, meaning, action) AS (VALUES
  ('Champions', 1, '#364B9A', 'Bought lately, buy often and spend most.',
   'Reward them, show them what is new first, ask for referrals.'),
  ('Loyal Customers', 2, '#4A7BB7', 'Buy regularly and spend well.',
   'Offer better versions of what they buy; ask for reviews.'),
  ('Potential Loyalist', 3, '#6EA6CD', 'Recent customers with more than one order and fair spend.',
   'Invite them to the loyalty programme; recommend related products.'),
  ('New Customers', 4, '#98CAE1', 'Bought lately, but not often.',
   'Help them start well; build up contact step by step.'),
  ('Promising', 5, '#C2E4EF', 'Fairly recent, few orders, with a good total.',
   'Make the brand known; give a reason to come back.'),
  ('Need Attention', 6, '#FEDA8B', 'Good frequency and spend, but fading recency.',
   'A limited offer based on what they bought.'),
  ('About To Sleep', 7, '#FDB366', 'Below average in recency, frequency and spend.',
   'Reconnect: share useful content, recommend popular products.'),
  ('Can''t Lose Them', 8, '#F67E4B', 'Made big purchases, and often, but not for long.',
   'Win them back with newer products; talk to them.'),
  ('At Risk', 9, '#DD3D2D', 'Spent much and bought often, but long ago.',
   'Write personally; give a reason to return.'),
  ('Lost', 10, '#A50026', 'Lowest recency of all.',
   'One attempt to revive interest, then leave them out.')
),
rule (position, segment, r_lower, r_upper, f_lower, f_upper, m_lower, m_upper) AS (VALUES
  (1, 'Champions', 4, 5,  4, 5,  4, 5),
  (2, 'Loyal Customers', 2, 5,  3, 5,  3, 5),
  (3, 'Potential Loyalist', 3, 5,  1, 3,  1, 3),
  (4, 'New Customers', 4, 5,  1, 1,  1, 1),
  (5, 'Promising', 3, 4,  1, 1,  1, 1),
  (6, 'Need Attention', 2, 3,  2, 3,  2, 3),
  (7, 'About To Sleep', 2, 3,  1, 2,  1, 2),
  (8, 'At Risk', 1, 2,  2, 5,  2, 5),
  (9, 'Can''t Lose Them', 1, 1,  4, 5,  4, 5),
  (10, 'Lost', 1, 2,  1, 2,  1, 2)
)
INSERT INTO segment.scheme_rule (scheme, shipped, position, segment, r_lower, r_upper, f_lower, f_upper, m_lower, m_upper,
  sort, meaning, action, colour)
SELECT 'r_package_old', true, position, segment, r_lower, r_upper, f_lower, f_upper, m_lower, m_upper,
  sort, meaning, action, colour
FROM rule JOIN word USING (segment);

-- klaviyo: complete, every cell once
INSERT INTO segment.scheme (name, shipped, bins, title, source) VALUES ('klaviyo', true, 3,
  '27 cells, 6 groups; scores 1 to 3',
  'Klaviyo help centre, RFM analysis');
WITH word (segment, sort, colour, meaning, action) AS (VALUES
  ('Champions', 1, '#364B9A', 'Top in at least two scores, and never below the middle in the third.',
   'Reward them; ask for reviews and referrals.'),
  ('Loyal', 2, '#6EA6CD', 'Active, with good frequency or recency, and room to grow.',
   'Offer loyalty rewards and related products.'),
  ('Recent', 3, '#98CAE1', 'Bought not long ago; habits still open.',
   'Welcome series, and a reason for the next order.'),
  ('Needs attention', 4, '#FDB366', 'Some scores are good, others slip.',
   'Remind them with what they liked before.'),
  ('At risk', 5, '#F67E4B', 'Mostly low scores, one still fair.',
   'A win-back offer, soon.'),
  ('Inactive', 6, '#A50026', 'Lowest recency with low frequency and spend.',
   'A last reminder, then fewer messages.')
),
rule (position, segment, r_lower, r_upper, f_lower, f_upper, m_lower, m_upper) AS (VALUES
  (1, 'Champions', 3, 3,  3, 3,  2, 2),
  (2, 'Champions', 3, 3,  2, 3,  3, 3),
  (3, 'Loyal', 3, 3,  3, 3,  1, 1),
  (4, 'Loyal', 3, 3,  2, 2,  1, 2),
  (5, 'Loyal', 2, 2,  3, 3,  2, 3),
  (6, 'Recent', 3, 3,  1, 1,  1, 3),
  (7, 'Recent', 2, 2,  2, 2,  2, 3),
  (8, 'Needs attention', 2, 2,  2, 2,  1, 1),
  (9, 'Needs attention', 2, 2,  1, 1,  3, 3),
  (10, 'Needs attention', 1, 1,  3, 3,  2, 2),
  (11, 'Needs attention', 1, 1,  2, 3,  3, 3),
  (12, 'At risk', 2, 2,  1, 1,  1, 2),
  (13, 'At risk', 1, 2,  3, 3,  1, 1),
  (14, 'At risk', 1, 1,  2, 2,  2, 2),
  (15, 'Inactive', 1, 1,  2, 2,  1, 1),
  (16, 'Inactive', 1, 1,  1, 1,  1, 3)
)
INSERT INTO segment.scheme_rule (scheme, shipped, position, segment, r_lower, r_upper, f_lower, f_upper, m_lower, m_upper,
  sort, meaning, action, colour)
SELECT 'klaviyo', true, position, segment, r_lower, r_upper, f_lower, f_upper, m_lower, m_upper,
  sort, meaning, action, colour
FROM rule JOIN word USING (segment);

-- braze
INSERT INTO segment.scheme (name, shipped, bins, title, source) VALUES ('braze', true, 4,
  'First match wins; scores 0 to 3 shifted to 1 to 4; one cell is Others',
  'Braze documentation, RFM segments');
WITH word (segment, sort, colour, meaning, action) AS (VALUES
  ('Champions', 1, '#364B9A', 'Most recent, frequent and high spend.',
   'Reward them; let them see new things first.'),
  ('Loyal', 2, '#4A7BB7', 'Recent and frequent, with at least some spend.',
   'Loyalty rewards and better versions of what they buy.'),
  ('Potential Loyalists', 3, '#6EA6CD', 'Most recent, with some frequency and spend.',
   'Invite them to the programme; recommend more.'),
  ('Promising', 4, '#98CAE1', 'Most recent, with some spend, rarely so far.',
   'Give a reason for the next order.'),
  ('New Customer', 5, '#C2E4EF', 'Most recent, whatever else.',
   'Welcome them; win the second order.'),
  ('Needing Attention', 6, '#FEDA8B', 'Fairly recent, without being frequent buyers who spend.',
   'Remind them with a limited offer.'),
  ('Cannot lose them', 7, '#FDB366', 'Frequent and high spend, but not lately.',
   'Win them back in person, with the best you have.'),
  ('At Risk', 8, '#F67E4B', 'Some frequency and spend, but not lately.',
   'Write personally; give a reason to return.'),
  ('About to Sleep', 9, '#DD3D2D', 'Recency one step above the lowest, the rest low.',
   'Reconnect with popular products.'),
  ('Hibernating', 10, '#A50026', 'Lowest recency, the rest mostly low.',
   'Low-cost reminders, or none.')
),
rule (position, segment, r_lower, r_upper, f_lower, f_upper, m_lower, m_upper) AS (VALUES
  (1, 'Champions', 4, 4,  3, 4,  3, 4),
  (2, 'Loyal', 3, 4,  3, 4,  2, 4),
  (3, 'Potential Loyalists', 4, 4,  2, 4,  2, 4),
  (4, 'Promising', 4, 4,  1, 4,  2, 4),
  (5, 'New Customer', 4, 4,  1, 4,  1, 4),
  (6, 'Needing Attention', 3, 4,  1, 4,  1, 4),
  (7, 'Cannot lose them', 1, 2,  3, 4,  3, 4),
  (8, 'At Risk', 1, 2,  2, 4,  2, 4),
  (9, 'About to Sleep', 2, 2,  1, 4,  1, 4),
  (10, 'Hibernating', 1, 1,  1, 3,  1, 4)
)
INSERT INTO segment.scheme_rule (scheme, shipped, position, segment, r_lower, r_upper, f_lower, f_upper, m_lower, m_upper,
  sort, meaning, action, colour)
SELECT 'braze', true, position, segment, r_lower, r_upper, f_lower, f_upper, m_lower, m_upper,
  sort, meaning, action, colour
FROM rule JOIN word USING (segment);

-- quartiles
INSERT INTO segment.scheme (name, shipped, bins, title, source) VALUES ('quartiles', true, 4,
  '46 of 64 cells; 18 are Others',
  'pymc-marketing, default segments for quartile scores (its Other is Others here)');
WITH word (segment, sort, colour, meaning, action) AS (VALUES
  ('Premium', 1, '#364B9A', 'Upper half in all three scores.',
   'Reward them and keep them.'),
  ('Repeat', 2, '#6EA6CD', 'Come back regularly at modest spend.',
   'Raise the value of an order: bundles, better versions.'),
  ('Top Spender', 3, '#C2E4EF', 'Upper half in spend, without being premium.',
   'Raise how often they come: personal recommendations.'),
  ('At Risk', 4, '#FDB366', 'Middling or low scores with some spend.',
   'A win-back offer, soon.'),
  ('Inactive', 5, '#A50026', 'Lowest frequency, and lowest spend or recency.',
   'A last reminder, then fewer messages.')
),
rule (position, segment, r_lower, r_upper, f_lower, f_upper, m_lower, m_upper) AS (VALUES
  (1, 'Premium', 3, 4,  3, 4,  3, 4),
  (2, 'Repeat', 2, 3,  3, 3,  2, 2),
  (3, 'Repeat', 2, 2,  3, 4,  3, 4),
  (4, 'Repeat', 1, 1,  4, 4,  3, 3),
  (5, 'Top Spender', 3, 4,  1, 2,  3, 4),
  (6, 'Top Spender', 2, 2,  2, 2,  4, 4),
  (7, 'Top Spender', 1, 1,  2, 4,  4, 4),
  (8, 'Top Spender', 1, 1,  3, 3,  3, 3),
  (9, 'At Risk', 2, 4,  1, 2,  2, 2),
  (10, 'At Risk', 2, 2,  1, 1,  4, 4),
  (11, 'At Risk', 1, 2,  2, 2,  3, 3),
  (12, 'At Risk', 1, 1,  2, 3,  2, 2),
  (13, 'Inactive', 2, 4,  1, 1,  1, 1),
  (14, 'Inactive', 1, 1,  1, 1,  1, 4)
)
INSERT INTO segment.scheme_rule (scheme, shipped, position, segment, r_lower, r_upper, f_lower, f_upper, m_lower, m_upper,
  sort, meaning, action, colour)
SELECT 'quartiles', true, position, segment, r_lower, r_upper, f_lower, f_upper, m_lower, m_upper,
  sort, meaning, action, colour
FROM rule JOIN word USING (segment);

-- high_low: complete; high is what the cut points say, such as above the mean
INSERT INTO segment.scheme (name, shipped, bins, title, source) VALUES ('high_low', true, 2,
  'Each score high or low: 8 types',
  '2 x 2 x 2 practice, as in Aliyun Quick Audience; names are ours');
WITH word (segment, sort, colour, meaning, action) AS (VALUES
  ('High value', 1, '#364B9A', 'Recent, frequent and high spend.',
   'Keep them: personal service and rewards.'),
  ('High spend, to develop', 2, '#4A7BB7', 'Recent and high spend, but not frequent.',
   'Raise how often they come.'),
  ('High spend, to keep', 3, '#6EA6CD', 'Frequent and high spend, but not lately.',
   'Remind them now, before a habit breaks.'),
  ('High spend, to win back', 4, '#98CAE1', 'High spend only, not lately and not often.',
   'Win them back with a strong personal offer.'),
  ('Regular', 5, '#FDB366', 'Recent and frequent, low spend.',
   'Raise the value of an order.'),
  ('To develop', 6, '#F67E4B', 'Recent only.',
   'Give a reason for the next order.'),
  ('To keep', 7, '#DD3D2D', 'Frequent only: low spend, not lately.',
   'Low-cost reminders.'),
  ('To win back', 8, '#A50026', 'Low in all three.',
   'Leave out of paid campaigns.')
),
rule (position, segment, r_lower, r_upper, f_lower, f_upper, m_lower, m_upper) AS (VALUES
  (1, 'High value', 2, 2,  2, 2,  2, 2),
  (2, 'High spend, to develop', 2, 2,  1, 1,  2, 2),
  (3, 'High spend, to keep', 1, 1,  2, 2,  2, 2),
  (4, 'High spend, to win back', 1, 1,  1, 1,  2, 2),
  (5, 'Regular', 2, 2,  2, 2,  1, 1),
  (6, 'To develop', 2, 2,  1, 1,  1, 1),
  (7, 'To keep', 1, 1,  2, 2,  1, 1),
  (8, 'To win back', 1, 1,  1, 1,  1, 1)
)
INSERT INTO segment.scheme_rule (scheme, shipped, position, segment, r_lower, r_upper, f_lower, f_upper, m_lower, m_upper,
  sort, meaning, action, colour)
SELECT 'high_low', true, position, segment, r_lower, r_upper, f_lower, f_upper, m_lower, m_upper,
  sort, meaning, action, colour
FROM rule JOIN word USING (segment);
