# kinds.sh: one function for each kind of test. Each writes TAP for a file at a time and hands it to `judge`.
# Sourced by dev/test after setup.sh.

passed=0
failed=0
skipped=0

# wanted KIND PATH: does the command line ask for this file? Rooms are fragments of the path.
wanted() {
	local kind=$1 path=$2 room
	case ",${only:-$kind}," in *",$kind,"*) ;; *) return 1 ;; esac
	[ "${#rooms[@]}" -gt 0 ] || return 0
	for room in "${rooms[@]}"; do
		case $path in *"$room"*) return 0 ;; esac
	done
	return 1
}

# start_clock: what is judged next begins now.
start_clock() {
	began=${EPOCHREALTIME/[.,]/}
}

# judge KIND NAME STATUS: reads TAP from $work/logs/tap, prints one line, what failed and why something was skipped; adds to the totals.
judge() {
	local kind=$1 name=$2 status=$3 tenths=$(((${EPOCHREALTIME/[.,]/} - began) / 100000)) verdict p f s
	awk -v status="$status" -f "$top/dev/lib/tap.awk" "$work/logs/tap" >"$work/logs/verdict"
	read -r _ p f s <<<"$(tail -n 1 "$work/logs/verdict")"
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	verdict="$p passed"
	[ "$f" = 0 ] || verdict="$verdict, $f failed"
	[ "$s" = 0 ] || verdict="$verdict, $s skipped"
	if [ "$f" -gt 0 ]; then printf 'FAIL'; elif [ "$p" -eq 0 ]; then printf 'skip'; else printf 'ok  '; fi
	printf '  %-9s %s: %s (%d.%d s)\n' "$kind" "$name" "$verdict" $((tenths / 10)) $((tenths % 10))
	sed '$d' "$work/logs/verdict"
}

# check KIND NAME COMMAND [ARGUMENT ...]: a command as one assertion; its output is shown if it fails.
check() {
	local kind=$1 name=$2 status=0
	shift 2
	start_clock
	"$@" >"$work/logs/check" 2>&1 || status=$?
	if [ $status = 0 ]; then printf 'ok 1\n1..1\n' >"$work/logs/tap"
	else
		{
			echo "not ok 1 - $name"
			head -n 200 "$work/logs/check"
			echo '1..1'
		} >"$work/logs/tap"
	fi
	judge "$kind" "$name" 0
}

# Every minute, how far a long test is: the last line that it wrote.
tell_progress() {
	local minutes=0
	trap 'kill "$!"; exit' TERM
	while :; do
		sleep 60 &
		wait "$!"
		minutes=$((minutes + 1))
		printf '      after %d min: %s\n' "$minutes" "$(tail -n 1 "$work/logs/tap")"
	done
}

# capture COMMAND [ARGUMENT ...]: runs it with a time limit into $work/logs/tap; the exit status is in $status.
capture() {
	local teller
	status=0
	start_clock
	: >"$work/logs/tap"
	tell_progress &
	teller=$!
	timeout -k 10 "${SEGMENT_TEST_TIMEOUT:-1800}" "$@" >"$work/logs/tap" 2>&1 </dev/null || status=$?
	kill "$teller" && wait "$teller" || true
	[ $status != 124 ] || echo "Bail out! stopped: took too long" >>"$work/logs/tap"
}

user_prefix() {
	user=()
	[ -z "$run_user" ] || user=(runuser -u "$run_user" --)
}

# --- without a server ------------------------------------------------------------------------------------------------

run_lint() {
	wanted lint lint || return 0
	check lint dev/lint "$work/tree/dev/lint" --library "$work/tree/segment.so"
}

# run_package: the archives of a release, and the Debian package of the server under test.
run_package() {
	wanted package package || return 0
	if git -C "$top" rev-parse -q --verify HEAD >"$work/logs/commit" 2>&1; then
		check package "make dist" check_archives
	else
		skip_package "make dist" "no git checkout: archives are made of a commit"
	fi
	if [ -n "$(type -P dh)" ] && [ -n "$(type -P pg_buildext)" ] && [ "$PG_CONFIG" = "/usr/lib/postgresql/$major/bin/pg_config" ]; then
		check package "dev/package" check_packages
	else
		skip_package "dev/package" "debhelper and pg_buildext are not installed, or the server is no Debian package"
	fi
}

skip_package() {
	start_clock
	echo "1..0 # SKIP $2" >"$work/logs/tap"
	judge package "$1" 0
}

# The same bytes whoever makes them, and a META.json that PGXN takes.
check_archives() {
	mkdir "$work/one" "$work/two" &&
		make -s -C "$work/one" -f "$top/Makefile" srcdir="$top" dist &&
		(umask 077 && TZ=Asia/Tokyo make -s -C "$work/two" -f "$top/Makefile" srcdir="$top" dist) &&
		diff -r "$work/one" "$work/two" &&
		tar -C "$work/one" -xzf "$work"/one/segment-*.tar.gz &&
		"$top/dev/lib/meta.pl" "$work"/one/segment-*/
}

# The package holds what make install installs, and asks for a server that is as new as the headers.
check_packages() {
	as_user make -C "$work/tree" -s install PG_CONFIG="$PG_CONFIG" DESTDIR="$work/installed" &&
		build_packages &&
		dpkg -x "$work/postgresql-$major-segment"_*.deb "$work/packaged" &&
		rm -r "$work/packaged/usr/share/doc" &&
		diff <(cd "$work/installed" && find . -type f | sort) <(cd "$work/packaged" && find . -type f | sort) &&
		dpkg-deb -f "$work/postgresql-$major-segment"_*.deb Depends | grep -F "postgresql-$major (>> "
}

# run_unit_tests KIND [MAKE ARGUMENT ...]
run_unit_tests() {
	local kind=$1 file name names=()
	shift
	for file in "$work"/tree/test/unit/test_*.c; do
		[ -e "$file" ] || continue
		name=$(basename "$file" .c)
		wanted "$kind" "test/unit/$name.c" && names+=("$name")
	done
	[ "${#names[@]}" -gt 0 ] || return 0
	rm -rf "$work/tree/build/unit"
	as_user make -C "$work/tree" -s -k -j"$(nproc)" PG_CONFIG="$PG_CONFIG" "$@" "${names[@]/#/build/unit/}" \
		>"$work/logs/unit" 2>&1 || true
	for name in "${names[@]}"; do
		if [ -x "$work/tree/build/unit/$name" ]; then
			capture "${user[@]}" "$work/tree/build/unit/$name"
			judge "$kind" "test/unit/$name.c" "$status"
		else
			check "$kind" "build of test/unit/$name.c" sh -c 'cat "$1"; exit 1' cat "$work/logs/unit"
		fi
	done
}

run_unit() {
	run_unit_tests unit
}

run_sanitize() {
	run_unit_tests sanitize "UNIT_CFLAGS=-O1 -g -std=gnu11 -Wall -Wextra -ffp-contract=off -fno-omit-frame-pointer \
-fsanitize=address,undefined -fno-sanitize-recover=all"
}

# --- pg_regress and isolation ----------------------------------------------------------------------------------------

# regress_to_tap FILE: "test x ... ok" (PostgreSQL 15) and "ok 1 - x" (16 and newer) as TAP.
regress_to_tap() {
	awk '
		/^test .*\.\.\. / { n++; print ($0 ~ /\.\.\. ok/ ? "ok " : "not ok ") n " - " $2; next }
		/^(ok|not ok) +[0-9]+ / { n++; print; next }
		END { print "1.." n + 0 }' "$1"
}

# Hands the differences of the first failing tests to the reader.
show_differences() {
	local file
	for file in "$@"; do
		[ ! -s "$file" ] || head -n 120 "$file" | sed 's/^/  /'
	done
}

run_regress() {
	local file tests=() status=0
	for file in "$work"/tree/sql/*.sql; do
		case $file in */segment--*) continue ;; esac
		[ -e "$file" ] || continue
		wanted regress "sql/$(basename "$file")" && tests+=("$(basename "$file" .sql)")
	done
	[ "${#tests[@]}" -gt 0 ] || return 0
	start_clock
	as_user env PGUSER=postgres make -C "$work/tree" -s installcheck PG_CONFIG="$PG_CONFIG" REGRESS="${tests[*]}" ISOLATION= \
		>"$work/logs/regress" 2>&1 || status=$?
	regress_to_tap "$work/logs/regress" >"$work/logs/tap"
	judge regress "sql/*.sql" "$status"
	[ $status = 0 ] || show_differences "$work/tree/regression.diffs"
	[ $status = 0 ] || grep -q '^test\|^ok\|^not ok' "$work/logs/regress" || cat "$work/logs/regress"
}

run_isolation() {
	local file specs=() status=0
	for file in "$work"/tree/test/isolation/specs/*.spec; do
		[ -e "$file" ] || continue
		wanted isolation "test/isolation/$(basename "$file")" && specs+=("$(basename "$file" .spec)")
	done
	[ "${#specs[@]}" -gt 0 ] || return 0
	start_clock
	as_user env PGUSER=postgres make -C "$work/tree" -s installcheck PG_CONFIG="$PG_CONFIG" REGRESS= ISOLATION="${specs[*]}" \
		>"$work/logs/isolation" 2>&1 || status=$?
	regress_to_tap "$work/logs/isolation" >"$work/logs/tap"
	judge isolation "test/isolation/*.spec" "$status"
	[ $status = 0 ] || show_differences "$work/tree/output_iso/regression.diffs"
}

# --- pgTAP -----------------------------------------------------------------------------------------------------------

data_folder() {
	local folder=${SEGMENT_DATA:-$top/../shared/data}
	[ -e "$folder/online_retail_1.csv.gz" ] && (cd "$folder" && pwd)
}

# load_data DATABASE: the tables of test/lib/load.sql. The files are read by the client: the server's user may not see them.
load_data() {
	local database=$1 folder table file
	folder=$(data_folder) || return 0
	sql "$database" -f "$top/test/lib/load.sql"
	for file in online_retail_1 online_retail_2 online_retail_3 cdnow_master cdnow_sample rfm_orders adventureworks_order_lines hillstrom_email_test retentioneering_ecom_events; do
		case $file in
			online_retail_*) table=online_retail ;;
			cdnow_master) table=cdnow ;;
			adventureworks_*) table=adventureworks ;;
			hillstrom_email_test) table=hillstrom ;;
			retentioneering_ecom_events) table=clickstream ;;
			*) table=$file ;;
		esac
		file=$(ls "$folder/$file".csv*)
		gzip -dcf "$file" | sql "$database" -c "COPY $table FROM STDIN (FORMAT csv, HEADER)"
	done
	for file in s1 s2 a1 birch1 iris wine hg_german hg_tsplib1060; do
		# A first line "n d" is no point; iris ends its lines with the species.
		gzip -dcf "$folder/cluster/$file.txt.gz" | awk -v name="${file#hg_}" '
			FNR == 1 && name ~ /german|tsplib/ { next }
			NF == 0 { next }
			{ out = ""; for (i = 1; i <= NF; i++) if ($i ~ /^[-+0-9.eE]+$/) out = out (out == "" ? "" : ",") $i
			  print name "\t{" out "}" }' | sql "$database" -c "COPY point (set, x) FROM STDIN"
	done
	gzip -dcf "$folder/cluster/wholesale.csv.gz" | sql "$database" -c "COPY wholesale FROM STDIN (FORMAT csv, HEADER)"
	sql "$database" -c "VACUUM ANALYZE online_retail, cdnow, cdnow_sample, rfm_orders, adventureworks, hillstrom, clickstream, point, wholesale"
}

# Databases that every pgTAP file is copied from: segment_plain, and segment_data with the real data.
prepare_database() {
	local database=$1
	! sql postgres -At -c "SELECT 1 FROM pg_database WHERE datname = '$database'" | grep -q 1 || return 0
	sql postgres -c "CREATE DATABASE $database"
	sql "$database" -c "CREATE EXTENSION segment" -c "CREATE EXTENSION pgtap"
	[ "$database" != segment_data ] || load_data "$database"
}

run_pgtap() {
	local file name template
	if ! [ -e "$("$PG_CONFIG" --sharedir)/extension/pgtap.control" ]; then
		printf '1..0 # SKIP pgTAP is not installed\n' >"$work/logs/tap"
		start_clock
		wanted pgtap test/ && judge pgtap "test/*/*.sql" 0
		return 0
	fi
	for file in "$work"/tree/test/*/[0-9]*.sql; do
		[ -e "$file" ] || continue
		name=${file#"$work"/tree/}
		wanted pgtap "$name" || continue
		template=segment_plain
		if grep -q 'lib/data\.sql' "$file"; then template=segment_data; fi
		prepare_database "$template"
		sql postgres -c "DROP DATABASE IF EXISTS segment_test WITH (FORCE)" 2>/dev/null
		sql postgres -c "CREATE DATABASE segment_test TEMPLATE $template STRATEGY file_copy"
		capture psql -X -q -A -t -U postgres -d segment_test -f "$file"
		judge pgtap "$name" "$status"
	done
}

# --- TAP in Perl -----------------------------------------------------------------------------------------------------

run_tap() {
	local file name pgxs log
	pgxs=$(dirname "$("$PG_CONFIG" --pgxs)")/..
	for file in "$work"/tree/test/t/*.pl; do
		[ -e "$file" ] || continue
		name=test/t/$(basename "$file")
		wanted tap "$name" || continue
		as_user mkdir -p "$work/tree/tmp_check"
		# PostgreSQL::Test starts clusters of its own: they must not inherit this one's address.
		capture "${user[@]}" env -u PGHOST -u PGPORT -C "$work/tree" TESTDIR="$work/tree" TESTDATADIR="$work/tree/tmp_check/data" \
			TESTLOGDIR="$work/tree/tmp_check/log" top_builddir="$work/tree" PG_REGRESS="$pgxs/test/regress/pg_regress" \
			SEGMENT_DATA="$(data_folder || true)" TMPDIR=/tmp \
			perl -I "$pgxs/test/perl" -I "$work/tree/test/t" "$file"
		# What a script says as it dies is in its log only: the error first, then the statement, which may be long.
		log=$work/tree/tmp_check/log/regress_log_$(basename "$file" .pl)
		if ! grep -q '^1\.\.' "$work/logs/tap" && [ -e "$log" ]; then
			{ tail -n 10 "$log"; grep -A 3 -m 2 'ERROR:\|error running' "$log"; } >>"$work/logs/tap" || true
		fi
		judge tap "$name" "$status"
		rm -rf "$work/tree/tmp_check"
	done
}

# --- documentation ---------------------------------------------------------------------------------------------------

# Prints the links of a page that lead to no file.
dead_links() {
	local page=$1 link
	grep -oE '\]\([^)#]+' "$page" | sed 's/^](//' | grep -vE '^[a-z]+:' | sort -u | while read -r link; do
		[ -e "$(dirname "$page")/$link" ] || echo "$(basename "$page"): $link"
	done
}

no_dead_links() {
	local page dead
	dead=$(for page in "$work"/tree/*.md "$work"/tree/docs/*.md; do dead_links "$page"; done)
	[ -z "$dead" ] || { echo "$dead"; return 1; }
}

run_docs() {
	local file name
	for file in "$work/tree/README.md" "$work"/tree/docs/*.md; do
		[ -e "$file" ] || continue
		name=${file#"$work"/tree/}
		wanted docs "$name" && grep -q '^```sql' "$file" || continue
		prepare_database segment_plain
		sql postgres -c "DROP DATABASE IF EXISTS segment_docs WITH (FORCE)" 2>/dev/null
		sql postgres -c "CREATE DATABASE segment_docs TEMPLATE segment_plain"
		sql segment_docs -f "$top/test/docs/fixture.sql" >/dev/null
		capture perl "$top/dev/lib/doc-examples.pl" "$name" "$file" psql -X -U postgres -d segment_docs
		judge docs "$name" "$status"
	done
	if wanted docs docs/links; then check docs "links lead to a file" no_dead_links; fi
	if wanted docs docs/reference.md && [ -e "$top/docs/reference.md" ]; then
		prepare_database segment_plain
		check docs "docs/reference.md is what dev/reference writes" bash -c \
			'diff "$1/docs/reference.md" <(psql -X -q -A -t -U postgres -d segment_plain -f "$1/dev/lib/reference.sql") | head -n 12
			exit "${PIPESTATUS[0]}"' diff "$top"
	fi
	if wanted docs docs/segmentation.md; then
		prepare_database segment_plain
		sql segment_plain -f "$top/dev/lib/options.sql" >"$work/options.md"
		check docs "tables of options in docs/segmentation.md are what dev/reference writes" perl "$top/dev/lib/options.pl" "$work/options.md" "$top/docs/segmentation.md" --check
	fi
}
