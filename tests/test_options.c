// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Normal distribution functions and the closed forms of options, against quadrature of their
 * definitions, published or independently computed values, and no-arbitrage identities. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "problems/normal.h"
#include "problems/options.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define CLOSE(a, b, tolerance) close_to(__LINE__, #a, a, b, tolerance)

static void close_to(int line, const char *what, double a, double b, double tolerance)
{
    if (!(fabs(a - b) <= tolerance))
        fail_msg("line %d: %s = %.17g, expected %.17g within %g (off by %g)", line, what, a, b,
                 tolerance, a - b);
}

static double power(double x, const void *data)
{
    return pow(x, *(const int *)data);
}

static void gauss_is_exact_to_degree_39(void **state)
{
    for (int k = 0; k < 40; k++)
        CLOSE(gauss20(power, &k, -0.5, 1), (1 - pow(-0.5, k + 1)) / (k + 1), 1e-15);
}

/* values of Abramowitz and Stegun, table 26.1 */
static void normal_cdf_table(void **state)
{
    CLOSE(normal_cdf(0), 0.5, 0);
    CLOSE(normal_cdf(1), 0.841344746068543, 1e-15);
    CLOSE(normal_cdf(2), 0.977249868051821, 1e-15);
    CLOSE(normal_cdf(-1.96), 0.024997895148220, 1e-15);
    CLOSE(normal_cdf(-10) / 7.61985302416053e-24, 1, 1e-13);
    CLOSE(normal_cdf(-INFINITY), 0, 0);
    CLOSE(normal_cdf(INFINITY), 1, 0);
}

static double plackett(double theta, const void *data)
{
    const double *ab = data, c = cos(theta);
    return exp(-(ab[0] * ab[0] + ab[1] * ab[1] - 2 * ab[0] * ab[1] * sin(theta)) / (2 * c * c));
}

/* N(a) N(b) + 1/(2 pi) int_0^asin(rho), panels graded towards the end */
static double reference_cdf2(double a, double b, double rho)
{
    enum { PANELS = 40 };
    const double ab[2] = { a, b }, end = asin(rho);
    double sum = 0, from = 0;
    for (int i = 1; i <= PANELS; i++) {
        const double s = 1 - i / (double)PANELS, to = end * (1 - s * s * s);
        sum += gauss20(plackett, ab, from, to);
        from = to;
    }
    return normal_cdf(a) * normal_cdf(b) + sum / (2 * M_PI);
}

static void normal_cdf2_against_quadrature(void **state)
{
    static const double x[] = { -37,  -9,  -5,   -3.1, -2,  -1.01, -1, -0.3, -1e-3, 0,
                                1e-8, 0.4, 0.99, 1,    1.5, 2.7,   4,  6,    12 };
    static const double rho[] = { 0.01,  0.3,  0.5,  0.75,  0.9,   0.9249,
                                  0.925, 0.95, 0.99, 0.999, 0.9999 };
    for (size_t i = 0; i < COUNT(x); i++)
        for (size_t j = 0; j < COUNT(x); j++)
            for (size_t k = 0; k < COUNT(rho); k++)
                for (int sign = -1; sign <= 1; sign += 2)
                    CLOSE(normal_cdf2(x[i], x[j], sign * rho[k]),
                          reference_cdf2(x[i], x[j], sign * rho[k]), 2e-15);
}

static void normal_cdf2_identities(void **state)
{
    static const double x[] = { -INFINITY, -8, -1.3, 0, 0.2, 2, 7.5, INFINITY };
    static const double rho[] = { -1, -0.99999, -0.95, -0.4, 0, 0.2, 0.93, 0.9999999, 1 };
    for (size_t k = 0; k < COUNT(rho); k++) {
        CLOSE(normal_cdf2(0, 0, rho[k]), 0.25 + asin(rho[k]) / (2 * M_PI), 1e-15);
        for (size_t i = 0; i < COUNT(x); i++)
            for (size_t j = 0; j < COUNT(x); j++) {
                const double p = normal_cdf2(x[i], x[j], rho[k]);
                CLOSE(p, normal_cdf2(x[j], x[i], rho[k]), 1e-15);
                CLOSE(p + normal_cdf2(x[i], -x[j], -rho[k]), normal_cdf(x[i]), 1e-15);
                if (rho[k] == 0)
                    CLOSE(p, normal_cdf(x[i]) * normal_cdf(x[j]), 1e-16);
                if (rho[k] == 1)
                    CLOSE(p, normal_cdf(fmin(x[i], x[j])), 1e-16);
            }
    }
    assert_true(isnan(normal_cdf2(0, 0, 1.5)) && isnan(normal_cdf2(NAN, 0, 0)));
}

static double value(const char *name, const struct option *o, double tau, double s1, double s2)
{
    const struct payoff *p = payoff_find(name);
    assert_non_null(p);
    return p->value(o, tau, s1, s2);
}

/* S1 = S2 = K = 100, T = 1, r = 0.03, both volatilities 0.4: computed independently */
static void reference_values(void **state)
{
    static const struct {
        double rho, max, min, exchange, basket;
    } row[] = {
        { -0.5, 32.7457198536, 1.5317505875, 27.0965510461, 9.9538099865 },
        { 0, 30.2565973788, 4.0208730622, 22.2702589210, 12.8131620210 },
        { 0.3, 28.2780243667, 5.9994460743, 18.7066390116, 14.2394638054 },
        { 0.5, 26.6405207512, 7.6369496898, 15.8519418878, 15.1180709114 },
    };
    for (size_t i = 0; i < COUNT(row); i++) {
        const struct option o = { 100, 0.03, { 0.4, 0.4 }, row[i].rho };
        CLOSE(value("call_on_max", &o, 1, 100, 100), row[i].max, 1e-9);
        CLOSE(value("call_on_min", &o, 1, 100, 100), row[i].min, 1e-9);
        CLOSE(value("exchange", &o, 1, 100, 100), row[i].exchange, 1e-9);
        CLOSE(value("basket", &o, 1, 100, 100), row[i].basket, 1e-9);
    }
    /* J.C. Hull, Options, Futures, and Other Derivatives, example 15.6: 4.76 and 0.81 */
    CLOSE(option_call(40, 0.1, 0.2, 0.5, 42), 4.76, 0.005);
    CLOSE(option_put(40, 0.1, 0.2, 0.5, 42), 0.81, 0.005);
}

static const struct option cases[] = {
    { 100, 0.03, { 0.4, 0.4 }, 0.5 },      { 100, 0.03, { 0.2, 0.4 }, -0.7 },
    { 100, 0, { 0.5, 0.1 }, 0.95 },        { 90, 0.1, { 0.3, 0.3 }, 0.9999 },
    { 120, -0.02, { 0.05, 0.6 }, -0.999 }, { 100, 0.05, { 0.01, 0.02 }, 0 },
};
static const double spots[] = { 0, 1e-3, 20, 80, 99.5, 100, 130, 400 };
static const double taus[] = { 0, 1e-6, 0.1, 1, 10 };

static void identities(void **state)
{
    for (size_t c = 0; c < COUNT(cases); c++)
        for (size_t t = 0; t < COUNT(taus); t++)
            for (size_t i = 0; i < COUNT(spots); i++)
                for (size_t j = 0; j < COUNT(spots); j++) {
                    const struct option *o = &cases[c];
                    struct option swapped = *o, free_lunch = *o, rate = *o;
                    swapped.volatility[0] = o->volatility[1];
                    swapped.volatility[1] = o->volatility[0];
                    free_lunch.strike = 0;
                    rate.rate = 0.2;
                    const double tau = taus[t], s1 = spots[i], s2 = spots[j];
                    const double bond = o->strike * exp(-o->rate * tau);
                    const double c1 = value("call_on_first", o, tau, s1, s2);
                    const double c2 = value("call_on_second", o, tau, s1, s2);
                    const double p1 = option_put(o->strike, o->rate, o->volatility[0], tau, s1);
                    const double p2 = option_put(o->strike, o->rate, o->volatility[1], tau, s2);
                    const double max = value("call_on_max", o, tau, s1, s2);
                    const double min = value("call_on_min", o, tau, s1, s2);
                    const double exchange = value("exchange", o, tau, s1, s2);
                    CLOSE(c1 - p1, s1 - bond, 1e-12);
                    CLOSE(max + min, c1 + c2, 1e-12);
                    CLOSE(value("put_on_max", o, tau, s1, s2) + value("put_on_min", o, tau, s1, s2),
                          p1 + p2, 1e-12);
                    CLOSE(max - value("put_on_max", o, tau, s1, s2), s2 + exchange - bond, 1e-12);
                    CLOSE(value("call_on_min", &free_lunch, tau, s1, s2), s1 - exchange, 1e-12);
                    CLOSE(exchange, value("exchange", &rate, tau, s1, s2), 0);
                    CLOSE(exchange - value("exchange", &swapped, tau, s2, s1), s1 - s2, 1e-12);
                    CLOSE(max, value("call_on_max", &swapped, tau, s2, s1), 1e-12);
                    CLOSE(value("basket", o, tau, s1, s2), value("basket", &swapped, tau, s2, s1),
                          1e-10);
                    /* max(S1/2 + S2/2 - K, 0) <= half the calls; Jensen from below */
                    const double basket = value("basket", o, tau, s1, s2);
                    assert_true(basket <= (c1 + c2) / 2 + 1e-11);
                    assert_true(basket >= (s1 + s2) / 2 - bond);
                }
}

/* the expectation of the payoff over the second asset's normal variable, the first one's fixed */
struct expectation {
    const struct option *o;
    const struct payoff *p;
    double tau, s[2], z1;
};

static double inner(double z2, const void *data)
{
    const struct expectation *e = data;
    const double *v = e->o->volatility, rho = e->o->correlation;
    double s[2];
    for (int i = 0; i < 2; i++) {
        const double z = i == 0 ? e->z1 : rho * e->z1 + sqrt(1 - rho * rho) * z2;
        s[i] = e->s[i] * exp((e->o->rate - v[i] * v[i] / 2) * e->tau + v[i] * sqrt(e->tau) * z);
    }
    return e->p->payoff(e->o, s[0], s[1]) * exp(-(z2 * z2 + e->z1 * e->z1) / 2) / (2 * M_PI);
}

/* values are discounted expectations: 2-D quadrature of the definition, to what kinks allow */
static void values_are_expectations(void **state)
{
    enum { PANELS = 40 };
    const struct option o = { 100, 0.05, { 0.3, 0.5 }, -0.4 };
    for (const struct payoff *p = payoffs; p->name; p++) {
        double sum = 0;
        const double h = 16.0 / (PANELS * 20);
        for (int i = 0; i < PANELS * 20; i++) {
            const struct expectation e = { &o, p, 2, { 90, 120 }, -8 + (i + 0.5) * h };
            for (int j = 0; j < PANELS; j++)
                sum += h * gauss20(inner, &e, -8 + 16.0 * j / PANELS, -8 + 16.0 * (j + 1) / PANELS);
        }
        close_to(__LINE__, p->name, p->value(&o, 2, 90, 120), exp(-0.1) * sum, 2e-3);
    }
}

static void limits(void **state)
{
    for (const struct payoff *p = payoffs; p->name; p++)
        for (size_t c = 0; c < COUNT(cases); c++)
            for (size_t i = 0; i < COUNT(spots); i++)
                for (size_t j = 0; j < COUNT(spots); j++) {
                    struct option o = cases[c];
                    const double s1 = spots[i], s2 = spots[j];
                    assert_true(p->value(&o, 0, s1, s2) == p->payoff(&o, s1, s2));
                    CLOSE(p->value(&o, 1e-14, s1, s2), p->payoff(&o, s1, s2), 1e-4);
                    /* without volatility: the payoff of the forwards, discounted */
                    const double tau = 0.7, up = exp(o.rate * tau);
                    o.volatility[0] = o.volatility[1] = 0;
                    CLOSE(p->value(&o, tau, s1, s2), p->payoff(&o, s1 * up, s2 * up) / up, 1e-12);
                    o.volatility[0] = o.volatility[1] = 1e-14;
                    CLOSE(p->value(&o, tau, s1, s2), p->payoff(&o, s1 * up, s2 * up) / up, 1e-10);
                    for (double v = 1e-3; v < 5; v *= 10) {
                        o.volatility[0] = v;
                        assert_true(p->value(&o, tau, s1, s2) >= 0);
                    }
                }
    /* worthless assets: exactly the option on the other one */
    const struct option o = cases[1];
    for (size_t i = 0; i < COUNT(spots); i++) {
        const double s = spots[i], tau = 0.5, bond = o.strike * exp(-o.rate * tau);
        const double c1 = value("call_on_first", &o, tau, s, 7);
        const double p2 = option_put(o.strike, o.rate, o.volatility[1], tau, s);
        assert_true(value("call_on_max", &o, tau, s, 0) == c1);
        assert_true(value("call_on_min", &o, tau, s, 0) == 0);
        assert_true(value("put_on_max", &o, tau, 0, s) == p2);
        assert_true(value("put_on_min", &o, tau, 0, s) == bond);
        assert_true(value("exchange", &o, tau, s, 0) == s && value("exchange", &o, tau, 0, s) == 0);
        CLOSE(value("basket", &o, tau, 0, s),
              option_call(2 * o.strike, o.rate, o.volatility[1], tau, s) / 2, 0);
    }
}

static void names(void **state)
{
    size_t n = 0;
    for (; payoffs[n].name; n++) {
        assert_string_equal(payoffs[n].name, payoff_names[n]);
        assert_ptr_equal(payoff_find(payoffs[n].name), &payoffs[n]);
    }
    assert_null(payoff_names[n]);
    assert_null(payoff_find("call_on_mix"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gauss_is_exact_to_degree_39),
        cmocka_unit_test(normal_cdf_table),
        cmocka_unit_test(normal_cdf2_against_quadrature),
        cmocka_unit_test(normal_cdf2_identities),
        cmocka_unit_test(reference_values),
        cmocka_unit_test(identities),
        cmocka_unit_test(values_are_expectations),
        cmocka_unit_test(limits),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
