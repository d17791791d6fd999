# table.awk: lines "a|b|c", the first of them the titles, as a table: the first column left, the others right; a rule
# below the titles and above a line of totals.
BEGIN { FS = "|" }
{
	for (i = 1; i <= NF; i++) {
		cell[NR, i] = $i
		if (length($i) > width[i]) width[i] = length($i)
	}
	columns = NF
}
function rule(   i, j, text) {
	for (i = 1; i <= columns; i++) for (j = 0; j < width[i] + (i > 1 ? 2 : 0); j++) text = text "─"
	print " " text
}
END {
	for (line = 1; line <= NR; line++) {
		if (line == 2 || cell[line, 1] == "Total") rule()
		text = ""
		for (i = 1; i <= columns; i++) text = text sprintf(i == 1 ? "%-" width[i] "s" : "  %" width[i] "s", cell[line, i])
		print " " text
	}
}
