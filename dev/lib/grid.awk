# grid.awk: draws the grid of recency and frequency scores from lines "r|f|customers|share of revenue".
# Variables: bins; colour=1 shades each cell by its share of revenue.
BEGIN { FS = "|" }
{ customers[$1, $2] = $3; share[$1, $2] = $4 }

function commas(n,   text) {
	text = n ""
	while (match(text, /[0-9][0-9][0-9][0-9]($|,)/)) text = substr(text, 1, RSTART) "," substr(text, RSTART + 1)
	return text
}

function line(left, middle, right,   f) {
	printf "      %s", left
	for (f = 1; f <= bins; f++) printf "──────────%s", f < bins ? middle : right
	print ""
}

# White to dark green; dark cells get white letters.
function shade(r, f, text,   step) {
	if (!colour) return text
	split("255 194 157 114 71 28", palette, " ")
	step = share[r, f] <= 0 ? 1 : share[r, f] < 0.01 ? 2 : share[r, f] < 0.03 ? 3 : share[r, f] < 0.08 ? 4 : share[r, f] < 0.2 ? 5 : 6
	return sprintf("\033[48;5;%dm\033[38;5;%dm%s\033[0m", palette[step], step > 4 ? 231 : 16, text)
}

END {
	print "      customers, and their share of the revenue; score " bins " is best"
	print ""
	printf "       "
	for (f = 1; f <= bins; f++) printf "   F = %d   ", f
	print ""
	line("┌", "┬", "┐")
	for (r = bins; r >= 1; r--) {
		printf "R = %d │", r
		for (f = 1; f <= bins; f++) printf "%s│", shade(r, f, sprintf("%9s ", (r, f) in customers ? commas(customers[r, f]) : "-"))
		printf "\n      │"
		for (f = 1; f <= bins; f++) printf "%s│", shade(r, f, sprintf("%9s ", (r, f) in customers ? sprintf("%.1f %%", 100 * share[r, f]) : ""))
		print ""
		if (r > 1) line("├", "┼", "┤"); else line("└", "┴", "┘")
	}
}
