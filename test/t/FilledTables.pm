# FilledTables.pm: SQL that puts rows into every table of the extension, for tests of what must not lose any.
package FilledTables;

use strict;
use warnings;

use Exporter qw(import);

our @EXPORT = qw(fill_every_table);

# To be run by a role that may create the extension in an empty database; a role analyst is there.
sub fill_every_table
{
	return <<'SQL';
CREATE EXTENSION segment;
CREATE TABLE orders AS SELECT g % 300 AS customer, date '2025-01-01' + g / 20 AS at, g * 7919 % 1000 AS amount, (ARRAY['DE', 'FR'])[1 + g % 2] AS country FROM generate_series(1, 3000) g;
CREATE TABLE opt_out AS SELECT 299 AS customer;
CREATE TABLE answers AS SELECT g AS customer, date '2025-01-20' AS answered_at, g % 11 AS score FROM generate_series(1, 50) g;
GRANT SELECT ON orders TO analyst;
INSERT INTO segment.scheme (name, bins) VALUES ('ours', 5);
INSERT INTO segment.scheme_rule (scheme, position, segment, sort) VALUES ('ours', 1, 'Everybody', 1);
INSERT INTO segment.blocked_column VALUES ('religion', 'article 9');
DO $$
BEGIN
  PERFORM segment.create_segmentation('schemes', 'orders', 'customer', 'at', 'amount', market => 'country', label => segment.by_scheme('ours'), privacy => segment.privacy(opt_out => 'opt_out'));
  PERFORM segment.create_segmentation('clusters', 'orders', 'customer', 'at', 'amount', label => segment.by_clusters(3), changes => segment.by_triggers(), measures => segment.measures(survey => 'answers'));
  PERFORM segment.create_segmentation('tiers', 'orders', 'customer', 'at', 'amount', label => segment.by_value_tiers(2), privacy => segment.privacy(pseudonymous => true));
  PERFORM segment.create_segmentation('live', 'orders', 'customer', 'at', 'amount', changes => segment.by_triggers(live => true));
  PERFORM segment.set_kpi_target('live', 'orders', 100), segment.set_market_size('live', 'all', 1000), segment.set_segment_note('live', 'Champions', 'x', 'y');
  PERFORM segment.forget('7', unknown_too => true);
  PERFORM segment.refresh(s, d) FROM unnest('{schemes,clusters,tiers,live}'::text[]) s, unnest('{2025-02-20,2025-05-31}'::date[]) d;
  PERFORM segment.publish_summary('schemes', 200), segment.new_version('schemes', label => segment.by_scheme('classic'));
  PERFORM segment.grant_segmentation('analyst'), segment.grant_reader('analyst', 'schemes');
  PERFORM segment.create_pilot('spring', 'live', '2025-03-01', shares => '{0.3,0.7}'), segment.measure_pilot('spring', 'live', '2025-05-01');
  UPDATE orders SET amount = amount + 1 WHERE customer = 8;
END
$$;
SQL
}

1;
