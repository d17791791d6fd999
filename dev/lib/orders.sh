# orders.sh: the demo's orders: CSV files into table orders, with column types found by trying. Sourced by dev/demo.

# Prints the plain text of a file, compressed or not.
plain() {
	gzip -dcf -- "$1" || die "could not read $1"
}

# header FILE: sets delimiter and columns (lower case, other characters as _, made unique).
header() {
	local line
	line=$(plain "$1" 2>/dev/null | head -n 1 | sed 's/^\xef\xbb\xbf//' | tr -d '\r')
	[ -n "$line" ] || die "$1 is empty: its first line must hold the names of the columns"
	delimiter=,
	case $line in
		*,*) ;;
		*';'*) delimiter=';' ;;
		*$'\t'*) delimiter=$'\t' ;;
	esac
	columns=$(printf '%s\n' "$line" | awk -v delimiter="$delimiter" '
		{
			# A quoted name may hold the delimiter.
			n = length($0); name = ""
			for (i = 1; i <= n + 1; i++) {
				c = substr($0, i, 1)
				if (c == "\"") quoted = !quoted
				else if (i > n || (c == delimiter && !quoted)) {
					name = tolower(name); gsub(/[^a-z0-9_]+/, "_", name); gsub(/^_+|_+$/, "", name)
					if (name == "" || name ~ /^[0-9]/) name = "column" (name == "" ? ++unnamed : "_" name)
					if (seen[name]++) name = name "_" seen[name]
					print name; name = ""
				} else name = name c
			}
		}')
}

# load_orders FILE ...: creates table orders in database demo.
load_orders() {
	local file first_columns
	header "$1"
	first_columns=$columns
	for file in "$@"; do
		header "$file"
		[ "$columns" = "$first_columns" ] || die "$file has other columns than $1:" $columns
	done
	sql demo -c "CREATE UNLOGGED TABLE file ($(printf '%s\n' $columns | sed 's/.*/"&" text/' | paste -sd, -))"
	for file in "$@"; do
		plain "$file" | sql demo -c "COPY file FROM STDIN (FORMAT csv, HEADER, DELIMITER '$delimiter')" ||
			die "$file could not be read as CSV"
	done
	sql demo -f "$top/dev/lib/guess-types.sql"
}

column_list() {
	sql demo -At -c "SELECT string_agg(quote_ident(attname) || ' ' || format_type(atttypid, NULL), ', ' ORDER BY attnum)
		FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attnum > 0"
}

# type_of OPTION EXPRESSION: the type of an expression over the columns; a readable error where it has none.
type_of() {
	local answer
	answer=$(printf 'SELECT (%s) FROM orders \\gdesc\n' "$2" | sql demo -At 2>&1) ||
		die "$1 $2: $(printf '%s\n' "$answer" | sed -n 's/^.*ERROR:  *//p;s/^\(HINT\|DETAIL\): */  /p')
the columns are: $(column_list)"
	printf '%s\n' "$answer" | sed 's/.*|//'
}
