# simulate.awk: orders of a made-up shop, as CSV; the same rows on every machine.
#
# The process is the Pareto/NBD model (Schmittlein, Morrison & Colombo 1987) with gamma-gamma spend (Fader & Hardie 2005),
# the standard account of how customers buy and leave without saying so:
#   - customers come at random days of the two years, a little more of them every quarter
#   - while alive, customer i orders at random with rate lambda_i a week;  lambda ~ gamma(shape r, rate alpha)
#   - he leaves after an exponential time with rate mu_i a week;           mu     ~ gamma(shape s, rate beta)
#   - his orders are worth gamma(shape p, rate nu_i) each;                 nu     ~ gamma(shape q, rate gamma)
#   - one order in 25 is followed by a return of part of it, within three weeks
# Random numbers: the minimal standard generator (Park & Miller 1988), x <- 16807 x mod (2^31 - 1), exact in doubles.

function uniform() { state = (16807 * state) % 2147483647; return state / 2147483647 }

function exponential(rate) { return -log(uniform()) / rate }

# Standard normal by the polar method (Marsaglia & Bray 1964).
function normal(   u, v, w) {
	do { u = 2 * uniform() - 1; v = 2 * uniform() - 1; w = u * u + v * v } while (w >= 1 || w == 0)
	return u * sqrt(-2 * log(w) / w)
}

# Gamma by Marsaglia & Tsang (2000); shapes below 1 by their boost.
function gamma(shape, rate,   d, c, x, v, boost) {
	boost = 1
	if (shape < 1) { boost = exp(log(uniform()) / shape); shape++ }
	d = shape - 1 / 3; c = 1 / sqrt(9 * d)
	while (1) {
		do { x = normal(); v = 1 + c * x } while (v <= 0)
		v = v * v * v
		if (log(uniform()) < 0.5 * x * x + d - d * v + d * log(v)) return boost * d * v / rate
	}
}

# Day 0 is the first day; the table of dates is made once.
function make_calendar(year, days,   day, month, length_of, n) {
	n = split("31 28 31 30 31 30 31 31 30 31 30 31", length_of, " ")
	day = 1; month = 1
	for (n = 0; n < days; n++) {
		date[n] = sprintf("%04d-%02d-%02d", year, month, day)
		if (++day > length_of[month] + (month == 2 && year % 4 == 0)) { day = 1; if (++month > 12) { month = 1; year++ } }
	}
}

function print_order(week, amount,   day, minute) {
	day = int(week * 7)
	minute = 480 + int((week * 7 - day) * 840)	# the shop is open from 8 to 22
	printf "%d,%d,%s %02d:%02d,%.2f\n", order, customer, date[day], minute / 60, minute % 60, amount
}

BEGIN {
	customers = 20000; days = 731; weeks = days / 7; state = 20251231
	r = 0.85; alpha = 5.5; s = 0.6; beta = 14; p = 6.25; q = 3.74; gamma_rate = 28
	make_calendar(2024, days)
	print "order_id,customer_id,ordered_at,amount"
	for (customer = 1; customer <= customers; customer++) {
		lambda = gamma(r, alpha); mu = gamma(s, beta); nu = gamma(q, gamma_rate)
		week = weeks * exp(log(uniform()) / 1.15)
		leaves = week + exponential(mu)
		while (week < weeks && week < leaves) {
			order++
			amount = gamma(p, nu)
			if (amount < 1) amount = 1
			print_order(week, amount)
			if (uniform() < 0.04) {
				returned = week + 3 * uniform()
				if (returned < weeks) { order++; print_order(returned, -amount * (uniform() < 0.6 ? 1 : 0.4)) }
			}
			week += exponential(lambda)
		}
	}
}
