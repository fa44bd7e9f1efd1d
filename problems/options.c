// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "problems/options.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "problems/normal.h"

/* x/deviation, with its limit where nothing is random */
static double scaled(double x, double deviation)
{
    return deviation > 0 ? x / deviation : x > 0 ? INFINITY : x < 0 ? -INFINITY : 0;
}

/* The value of max(A - B, 0) for assets worth a, b > 0 whose log ratio has the given deviation */
static double exchange(double a, double b, double deviation)
{
    if (deviation <= 0)
        return fmax(a - b, 0);
    const double d = log(a / b) / deviation;
    const double v = a * normal_cdf(d + deviation / 2) - b * normal_cdf(d - deviation / 2);
    return fmin(fmax(v, fmax(a - b, 0)), a); /* arbitrage bounds, which rounding may miss */
}

double option_call(double strike, double rate, double volatility, double tau, double s)
{
    const double bond = strike * exp(-rate * tau);
    if (tau <= 0 || s <= 0 || strike <= 0)
        return fmax(s - bond, 0);
    return exchange(s, bond, volatility * sqrt(tau));
}

double option_put(double strike, double rate, double volatility, double tau, double s)
{
    const double bond = strike * exp(-rate * tau);
    if (tau <= 0 || s <= 0 || strike <= 0)
        return fmax(bond - s, 0);
    return exchange(bond, s, volatility * sqrt(tau));
}

static double call(const struct option *o, int asset, double tau, double s)
{
    return option_call(o->strike, o->rate, o->volatility[asset], tau, s);
}

static double put(const struct option *o, int asset, double tau, double s)
{
    return option_put(o->strike, o->rate, o->volatility[asset], tau, s);
}

/* volatility of S1/S2 */
static double ratio_volatility(const struct option *o)
{
    const double s1 = o->volatility[0], s2 = o->volatility[1];
    return sqrt(fmax((s1 - s2) * (s1 - s2) + 2 * (1 - o->correlation) * s1 * s2, 0));
}

static double clamp(double x, double lower, double upper)
{
    return fmin(fmax(x, lower), upper);
}

static double exchange_payoff(const struct option *o, double s1, double s2)
{
    (void)o;
    return fmax(s1 - s2, 0);
}

static double exchange_value(const struct option *o, double tau, double s1, double s2)
{
    if (tau <= 0 || s1 <= 0 || s2 <= 0)
        return fmax(s1 - s2, 0);
    return exchange(s1, s2, ratio_volatility(o) * sqrt(tau));
}

static double call_on_first_payoff(const struct option *o, double s1, double s2)
{
    (void)s2;
    return fmax(s1 - o->strike, 0);
}

static double call_on_first_value(const struct option *o, double tau, double s1, double s2)
{
    (void)s2;
    return call(o, 0, tau, s1);
}

static double call_on_second_payoff(const struct option *o, double s1, double s2)
{
    (void)s1;
    return fmax(s2 - o->strike, 0);
}

static double call_on_second_value(const struct option *o, double tau, double s1, double s2)
{
    (void)s1;
    return call(o, 1, tau, s2);
}

static double call_on_min_payoff(const struct option *o, double s1, double s2)
{
    return fmax(fmin(s1, s2) - o->strike, 0);
}

static double call_on_min_value(const struct option *o, double tau, double s1, double s2)
{
    if (tau <= 0)
        return call_on_min_payoff(o, s1, s2);
    if (s1 <= 0 || s2 <= 0)
        return 0;
    const double root = sqrt(tau), bond = o->strike * exp(-o->rate * tau);
    const double v = ratio_volatility(o), v1 = o->volatility[0], v2 = o->volatility[1];
    if (v * root <= 0) /* both move together */
        return call(o, 0, tau, fmin(s1, s2));
    const double c1 = clamp((o->correlation * v2 - v1) / v, -1, 1);
    const double c2 = clamp((o->correlation * v1 - v2) / v, -1, 1);
    const double g1 = scaled(log(s1 / bond), v1 * root) - v1 * root / 2;
    const double g2 = scaled(log(s2 / bond), v2 * root) - v2 * root / 2;
    const double d = log(s2 / s1) / (v * root);
    const double value = s1 * normal_cdf2(g1 + v1 * root, d - v * root / 2, c1) +
                         s2 * normal_cdf2(g2 + v2 * root, -d - v * root / 2, c2) -
                         bond * normal_cdf2(g1, g2, o->correlation);
    return clamp(value, 0, fmin(s1, s2));
}

static double call_on_max_payoff(const struct option *o, double s1, double s2)
{
    return fmax(fmax(s1, s2) - o->strike, 0);
}

/* c_max + c_min = c_1 + c_2 */
static double call_on_max_value(const struct option *o, double tau, double s1, double s2)
{
    if (tau <= 0)
        return call_on_max_payoff(o, s1, s2);
    const double c1 = call(o, 0, tau, s1), c2 = call(o, 1, tau, s2);
    return fmax(c1 + c2 - call_on_min_value(o, tau, s1, s2), fmax(c1, c2));
}

static double put_on_min_payoff(const struct option *o, double s1, double s2)
{
    return fmax(o->strike - fmin(s1, s2), 0);
}

/* parity, the minimum being S1 less the option to exchange S2 for S1 */
static double put_on_min_value(const struct option *o, double tau, double s1, double s2)
{
    if (tau <= 0)
        return put_on_min_payoff(o, s1, s2);
    const double bond = o->strike * exp(-o->rate * tau);
    const double minimum = s1 - exchange_value(o, tau, s1, s2);
    return clamp(call_on_min_value(o, tau, s1, s2) - minimum + bond, 0, bond);
}

static double put_on_max_payoff(const struct option *o, double s1, double s2)
{
    return fmax(o->strike - fmax(s1, s2), 0);
}

/* p_max + p_min = p_1 + p_2 */
static double put_on_max_value(const struct option *o, double tau, double s1, double s2)
{
    if (tau <= 0)
        return put_on_max_payoff(o, s1, s2);
    const double p1 = put(o, 0, tau, s1), p2 = put(o, 1, tau, s2);
    const double smaller = fmin(p1, p2), larger = fmax(p1, p2);
    return clamp(larger - put_on_min_value(o, tau, s1, s2) + smaller, 0, smaller);
}

/* The undiscounted basket put, given that the first asset's standard normal variable is z */
struct basket {
    double strike;
    double first, first_slope;   /* half the first asset: first exp(first_slope z) */
    double second, second_slope; /* likewise the conditional mean of half the second */
    double deviation;            /* of the second's logarithm, given z */
};

static double basket_given(double z, const void *data)
{
    const struct basket *b = data;
    const double left = b->strike - b->first * exp(b->first_slope * z);
    if (left <= 0)
        return 0;
    const double mean = b->second * exp(b->second_slope * z);
    return exchange(left, mean, b->deviation) * exp(-z * z / 2) / sqrt(2 * M_PI);
}

static double adaptive(const struct basket *b, double lower, double upper, double whole,
                       double tolerance, int depth)
{
    const double middle = (lower + upper) / 2;
    const double left = gauss20(basket_given, b, lower, middle);
    const double right = gauss20(basket_given, b, middle, upper);
    if (fabs(left + right - whole) <= tolerance || depth == 0)
        return left + right;
    return adaptive(b, lower, middle, left, tolerance / 2, depth - 1) +
           adaptive(b, middle, upper, right, tolerance / 2, depth - 1);
}

static double basket_payoff(const struct option *o, double s1, double s2)
{
    return fmax(s1 / 2 + s2 / 2 - o->strike, 0);
}

/* Parity with the put, whose integral over the asset that is worth more ends where it alone
 * reaches the strike. */
static double basket_value(const struct option *o, double tau, double s1, double s2)
{
    enum { DEPTH = 30, FAR = 10 };
    if (tau <= 0)
        return basket_payoff(o, s1, s2);
    const int i = s1 >= s2 ? 0 : 1;
    const double large = i == 0 ? s1 : s2, small = i == 0 ? s2 : s1;
    const double v = o->volatility[i], other = o->volatility[1 - i], rho = o->correlation;
    const double root = sqrt(tau), discount = exp(-o->rate * tau), bond = o->strike * discount;
    const double forward = s1 / 2 + s2 / 2 - bond;
    if (small <= 0)
        return option_call(2 * o->strike, o->rate, v, tau, large) / 2;
    const struct basket b = {
        .strike = o->strike,
        .first = large / 2 / discount * exp(-v * v * tau / 2),
        .first_slope = v * root,
        .second = small / 2 / discount * exp(-rho * rho * other * other * tau / 2),
        .second_slope = rho * other * root,
        .deviation = other * root * sqrt((1 - rho) * (1 + rho)),
    };
    const double end = fmin(scaled(log(b.strike / b.first), b.first_slope), FAR);
    if (end <= -FAR)
        return fmax(forward, 0);
    const double whole = gauss20(basket_given, &b, -FAR, end);
    const double p = discount * adaptive(&b, -FAR, end, whole, 1e-13 * o->strike, DEPTH);
    return fmax(forward + p, fmax(forward, 0));
}

#define PAYOFFS(X)                                                                                 \
    X(call_on_max)                                                                                 \
    X(call_on_min)                                                                                 \
    X(put_on_max)                                                                                  \
    X(put_on_min)                                                                                  \
    X(exchange)                                                                                    \
    X(basket)                                                                                      \
    X(call_on_first)                                                                               \
    X(call_on_second)
#define ROW(name) { #name, name##_payoff, name##_value },
#define NAME(name) #name,
const struct payoff payoffs[] = { PAYOFFS(ROW){ NULL, NULL, NULL } };
const char *const payoff_names[] = { PAYOFFS(NAME) NULL };

const struct payoff *payoff_find(const char *name)
{
    for (const struct payoff *p = payoffs; p->name; p++)
        if (strcmp(p->name, name) == 0)
            return p;
    return NULL;
}
