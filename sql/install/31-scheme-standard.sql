-- scheme: the shipped schemes, part one: our own default, and the published lists for scores 1 to 5
--
-- Meanings and actions are ours, colours are Paul Tol's colour-blind-safe "sunset" scale, from best to worst. A published
-- list of cells is written as few boxes; check_scheme() and the tests compare them with the publication.

-- standard: rules 1 to 5 ask for orders or tenure, so by scores alone they do not match and the plain rules below answer:
-- New is then Promising, Cannot Lose is At Risk, and a customer who scores high in frequency with two orders only (where
-- most have one) is not held back from Champions and Loyal. Scores compare customers with each other, so the meanings do
-- too: where most left a year ago, a customer of recency score 4 has not "bought lately". Only New knows its days.
INSERT INTO segment.scheme (name, shipped, bins, title, source) VALUES ('standard', true, 5,
  'Complete, monotone, and true to its words',
  'the extension''s own');
WITH word (segment, sort, colour, meaning, action) AS (VALUES
  ('Champions', 1, '#364B9A', 'Among the most recent, most frequent and highest-spending customers.',
   'Thank them: first access to what is new, and ask for reviews and referrals. No discounts needed.'),
  ('Loyal', 2, '#4A7BB7', 'Order often, and are not among those away longest.',
   'Keep them close: loyalty rewards, and offers that complete what they buy.'),
  ('Big Spenders', 3, '#6EA6CD', 'Not among those who order most often (or two orders at most), but among the highest totals; not among those away longest.',
   'Personal attention: bring them back for the next big order with premium items and service.'),
  ('Potential Loyalists', 4, '#98CAE1', 'Among the more recent customers, with more than one order: on the way to being loyal.',
   'Invite them to the loyalty programme and recommend what goes with earlier orders.'),
  ('New', 5, '#C2E4EF', 'First order within the last 60 days; among those with the fewest orders.',
   'Welcome them, help them with what they bought, and win the second order soon.'),
  ('Promising', 6, '#EAECCC', 'Among the more recent customers; among those with the fewest orders.',
   'Give a reason for the next order: recommendations, a small offer with an end date.'),
  ('Need Attention', 7, '#FEDA8B', 'Not among those who order most often (or two orders at most); the last order is neither among the most recent nor among the oldest.',
   'Remind them now, with items like those they bought, before they drift away.'),
  ('Cannot Lose', 8, '#FDB366', 'Ordered often and spent much, but are among those away longest.',
   'Win them back in person: call or write, ask what went wrong, make the best offer you have.'),
  ('At Risk', 9, '#F67E4B', 'Ordered repeatedly, but are among those away longest.',
   'Send a personal reminder with a good reason to return; renew contact before they are lost.'),
  ('Hibernating', 10, '#DD3D2D', 'Among those away longest, and no more orders than most; not away longest of all, or with one of the higher totals.',
   'Low-cost reminders at the right season; stop if they do not answer.'),
  ('Lost', 11, '#A50026', 'Away longest of all; no more orders and no higher total than most.',
   'Leave out of paid campaigns; a yearly newsletter at most.')
),
rule (position, segment, r_lower, r_upper, f_lower, f_upper, m_lower, m_upper,
      orders_lower, orders_upper, tenure_days_lower, tenure_days_upper) AS (VALUES
  (1, 'New', 4, 5,  1, 1,  1, 4,  NULL::int, NULL::int, NULL::int, 60),
  (2, 'Big Spenders', 3, 5,  4, 5,  5, 5,  NULL, 2, NULL, NULL),
  (3, 'Potential Loyalists', 4, 5,  4, 5,  1, 4,  NULL, 2, NULL, NULL),
  (4, 'Need Attention', 3, 3,  4, 5,  1, 4,  NULL, 2, NULL, NULL),
  (5, 'Cannot Lose', 1, 2,  4, 5,  4, 5,  3, NULL, NULL, NULL),
  (6, 'Champions', 5, 5,  4, 5,  4, 5,  NULL, NULL, NULL, NULL),
  (7, 'Loyal', 5, 5,  4, 5,  1, 3,  NULL, NULL, NULL, NULL),
  (8, 'Loyal', 3, 4,  4, 5,  1, 5,  NULL, NULL, NULL, NULL),
  (9, 'Big Spenders', 3, 5,  1, 3,  5, 5,  NULL, NULL, NULL, NULL),
  (10, 'Potential Loyalists', 4, 5,  2, 3,  1, 4,  NULL, NULL, NULL, NULL),
  (11, 'Promising', 4, 5,  1, 1,  1, 4,  NULL, NULL, NULL, NULL),
  (12, 'Need Attention', 3, 3,  1, 3,  1, 4,  NULL, NULL, NULL, NULL),
  (13, 'At Risk', 1, 2,  3, 5,  1, 5,  NULL, NULL, NULL, NULL),
  (14, 'Hibernating', 2, 2,  1, 2,  1, 5,  NULL, NULL, NULL, NULL),
  (15, 'Hibernating', 1, 1,  1, 2,  4, 5,  NULL, NULL, NULL, NULL),
  (16, 'Lost', 1, 1,  1, 2,  1, 3,  NULL, NULL, NULL, NULL)
)
INSERT INTO segment.scheme_rule (scheme, shipped, position, segment, r_lower, r_upper, f_lower, f_upper, m_lower, m_upper,
  orders_lower, orders_upper, tenure_days_lower, tenure_days_upper, sort, meaning, action, colour)
SELECT 'standard', true, position, segment, r_lower, r_upper, f_lower, f_upper, m_lower, m_upper,
  orders_lower, orders_upper, tenure_days_lower, tenure_days_upper, sort, meaning, action, colour
FROM rule JOIN word USING (segment);

-- classic: complete, every cell once
INSERT INTO segment.scheme (name, shipped, bins, title, source) VALUES ('classic', true, 5,
  '125 cells, 11 segments: the list most often copied',
  '125-cell list in wide use in retail tutorials and dashboards; origin unknown');
WITH word (segment, sort, colour, meaning, action) AS (VALUES
  ('Champions', 1, '#364B9A', 'Bought lately, buy often and spend most.',
   'Reward them, show them what is new first, ask for referrals.'),
  ('Loyal', 2, '#4A7BB7', 'Buy regularly and spend well.',
   'Offer better versions of what they buy; ask for reviews.'),
  ('Potential Loyalist', 3, '#6EA6CD', 'Fairly recent, with more than one order or a fair total.',
   'Recommend related products; invite them to the loyalty programme.'),
  ('New', 4, '#98CAE1', 'Bought lately, with low frequency and low spend by score.',
   'Help them start well; build up contact step by step.'),
  ('Promising', 5, '#C2E4EF', 'Recent by score, few orders, often with a good total.',
   'Make the brand known; give a reason to come back.'),
  ('Need Attention', 6, '#EAECCC', 'Above average in two scores and middling in the third, without being loyal.',
   'A limited offer based on what they bought.'),
  ('About To Sleep', 7, '#FEDA8B', 'Below average in recency and in frequency or spend.',
   'Reconnect: share useful content, recommend popular products.'),
  ('Cannot Lose', 8, '#FDB366', 'Not seen for long and spent much once; in this published list most have one order only.',
   'Talk to them; win them back with renewals or newer products.'),
  ('At Risk', 9, '#F67E4B', 'Bought several times or spent well, but not for long.',
   'Write personally; give a reason to return.'),
  ('Hibernating', 10, '#DD3D2D', 'Last order long ago; few orders and little spend.',
   'Show relevant products with a special offer; otherwise wait.'),
  ('Lost', 11, '#A50026', 'Lowest recency with lowest frequency or spend.',
   'One attempt to revive interest, then leave them out.')
),
rule (position, segment, r_lower, r_upper, f_lower, f_upper, m_lower, m_upper) AS (VALUES
  (1, 'Champions', 5, 5,  4, 4,  4, 4),
  (2, 'Champions', 4, 5,  5, 5,  4, 4),
  (3, 'Champions', 4, 5,  4, 5,  5, 5),
  (4, 'Loyal', 5, 5,  4, 4,  3, 3),
  (5, 'Loyal', 4, 4,  4, 4,  4, 4),
  (6, 'Loyal', 3, 4,  3, 3,  5, 5),
  (7, 'Loyal', 3, 3,  4, 5,  4, 5),
  (8, 'Potential Loyalist', 4, 5,  3, 3,  1, 3),
  (9, 'Potential Loyalist', 3, 5,  5, 5,  3, 3),
  (10, 'Potential Loyalist', 3, 5,  4, 5,  1, 2),
  (11, 'Potential Loyalist', 4, 4,  2, 2,  3, 3),
  (12, 'Potential Loyalist', 3, 3,  2, 3,  3, 3),
  (13, 'New', 5, 5,  1, 1,  1, 2),
  (14, 'New', 4, 4,  1, 2,  1, 2),
  (15, 'New', 3, 3,  1, 1,  1, 1),
  (16, 'Promising', 5, 5,  2, 2,  1, 5),
  (17, 'Promising', 3, 5,  1, 1,  3, 5),
  (18, 'Promising', 4, 4,  2, 2,  4, 5),
  (19, 'Need Attention', 5, 5,  3, 3,  5, 5),
  (20, 'Need Attention', 3, 5,  3, 3,  4, 4),
  (21, 'Need Attention', 3, 4,  4, 4,  3, 3),
  (22, 'Need Attention', 3, 3,  2, 2,  4, 5),
  (23, 'About To Sleep', 3, 3,  2, 3,  1, 1),
  (24, 'About To Sleep', 3, 3,  1, 1,  2, 2),
  (25, 'About To Sleep', 2, 2,  2, 5,  1, 1),
  (26, 'About To Sleep', 2, 2,  1, 1,  3, 3),
  (27, 'At Risk', 2, 2,  4, 5,  4, 5),
  (28, 'At Risk', 1, 2,  4, 5,  2, 3),
  (29, 'At Risk', 1, 2,  2, 3,  4, 5),
  (30, 'At Risk', 1, 1,  4, 4,  5, 5),
  (31, 'At Risk', 1, 1,  3, 3,  3, 3),
  (32, 'Cannot Lose', 1, 2,  1, 1,  4, 5),
  (33, 'Cannot Lose', 1, 1,  5, 5,  5, 5),
  (34, 'Cannot Lose', 1, 1,  4, 5,  4, 4),
  (35, 'Cannot Lose', 1, 1,  1, 1,  3, 3),
  (36, 'Hibernating', 1, 3,  2, 3,  2, 2),
  (37, 'Hibernating', 2, 2,  3, 3,  3, 3),
  (38, 'Hibernating', 2, 2,  1, 1,  1, 2),
  (39, 'Hibernating', 1, 2,  2, 2,  3, 3),
  (40, 'Lost', 1, 1,  1, 5,  1, 1),
  (41, 'Lost', 1, 1,  1, 1,  2, 2)
)
INSERT INTO segment.scheme_rule (scheme, shipped, position, segment, r_lower, r_upper, f_lower, f_upper, m_lower, m_upper,
  sort, meaning, action, colour)
SELECT 'classic', true, position, segment, r_lower, r_upper, f_lower, f_upper, m_lower, m_upper,
  sort, meaning, action, colour
FROM rule JOIN word USING (segment);

-- grid: complete
INSERT INTO segment.scheme (name, shipped, bins, title, source) VALUES ('grid', true, 5,
  '25 cells of recency and frequency; monetary is not looked at',
  'R x F grid of the most copied Python tutorials, published with the spelling cant_loose');
WITH word (segment, sort, colour, meaning, action) AS (VALUES
  ('champions', 1, '#364B9A', 'Bought lately and often.',
   'Reward them; let them try new things first.'),
  ('loyal_customers', 2, '#4A7BB7', 'Buy often, last order not long ago.',
   'Offer better versions and loyalty rewards.'),
  ('potential_loyalists', 3, '#6EA6CD', 'Bought lately, more than once.',
   'Recommend related products; invite them to the programme.'),
  ('new_customers', 4, '#98CAE1', 'Bought very lately, with the lowest frequency.',
   'Welcome them; help them towards the second order.'),
  ('promising', 5, '#C2E4EF', 'Bought fairly lately, with the lowest frequency.',
   'Give a reason for the next order.'),
  ('need_attention', 6, '#FEDA8B', 'In the middle of both scores.',
   'Remind them with a limited offer.'),
  ('about_to_sleep', 7, '#FDB366', 'Middling recency, low frequency.',
   'Reconnect with popular products.'),
  ('cant_loose', 8, '#F67E4B', 'Bought most often of all, but not for long.',
   'Win them back in person, with the best you have.'),
  ('at_risk', 9, '#DD3D2D', 'Bought often, but not for long.',
   'Write personally; give a reason to return.'),
  ('hibernating', 10, '#A50026', 'Bought rarely, and long ago.',
   'Low-cost reminders, or none.')
),
rule (position, segment, r_lower, r_upper, f_lower, f_upper, m_lower, m_upper) AS (VALUES
  (1, 'hibernating', 1, 2,  1, 2,  1, 5),
  (2, 'at_risk', 1, 2,  3, 4,  1, 5),
  (3, 'cant_loose', 1, 2,  5, 5,  1, 5),
  (4, 'about_to_sleep', 3, 3,  1, 2,  1, 5),
  (5, 'need_attention', 3, 3,  3, 3,  1, 5),
  (6, 'loyal_customers', 3, 4,  4, 5,  1, 5),
  (7, 'promising', 4, 4,  1, 1,  1, 5),
  (8, 'new_customers', 5, 5,  1, 1,  1, 5),
  (9, 'potential_loyalists', 4, 5,  2, 3,  1, 5),
  (10, 'champions', 5, 5,  4, 5,  1, 5)
)
INSERT INTO segment.scheme_rule (scheme, shipped, position, segment, r_lower, r_upper, f_lower, f_upper, m_lower, m_upper,
  sort, meaning, action, colour)
SELECT 'grid', true, position, segment, r_lower, r_upper, f_lower, f_upper, m_lower, m_upper,
  sort, meaning, action, colour
FROM rule JOIN word USING (segment);
