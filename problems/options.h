// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* European options on one and two assets without dividends: payoffs and closed forms in the
 * Black-Scholes model. tau is the time to expiry; at tau = 0 values are payoffs to the last bit. */
#ifndef SPT_OPTIONS_H
#define SPT_OPTIONS_H

#ifdef __cplusplus
extern "C" {
#endif

struct option {
    double strike, rate;
    double volatility[2], correlation; /* volatilities >= 0, correlation in [-1, 1] */
};

/* One asset */
double option_call(double strike, double rate, double volatility, double tau, double s);
double option_put(double strike, double rate, double volatility, double tau, double s);

/* Two assets. Exchange: W. Margrabe, J. Finance 33 (1978) 177-186; options on the minimum and the
 * maximum: R.M. Stulz, J. Financial Economics 10 (1982) 161-185; basket, max(S1/2 + S2/2 - K, 0):
 * quadrature over one asset, to about 1e-12 of the strike. */
struct payoff {
    const char *name;
    double (*payoff)(const struct option *o, double s1, double s2);
    double (*value)(const struct option *o, double tau, double s1, double s2);
};
extern const struct payoff payoffs[];               /* ends with a NULL name */
extern const char *const payoff_names[];            /* the same names, ends with NULL */
const struct payoff *payoff_find(const char *name); /* NULL if there is none */

#ifdef __cplusplus
}
#endif
#endif
