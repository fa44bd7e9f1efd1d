// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "problems/normal.h"

#include <math.h>
#include <stdbool.h>

enum { HALF = 10 };

/* positive nodes and weights of the 20-point rule on [-1, 1] */
static const double node[HALF] = { 0.0765265211334973337, 0.2277858511416450780,
                                   0.3737060887154195606, 0.5108670019508270980,
                                   0.6360536807265150254, 0.7463319064601507926,
                                   0.8391169718222188233, 0.9122344282513259058,
                                   0.9639719272779137912, 0.9931285991850949247 };
static const double weight[HALF] = { 0.1527533871307258506, 0.1491729864726037467,
                                     0.1420961093183820513, 0.1316886384491766268,
                                     0.1181945319615184173, 0.1019301198172404350,
                                     0.0832767415767047487, 0.0626720483341090635,
                                     0.0406014298003869413, 0.0176140071391521183 };

double gauss20(double (*f)(double x, const void *data), const void *data, double a, double b)
{
    const double centre = (a + b) / 2, half = (b - a) / 2;
    double sum = 0;
    for (int i = 0; i < HALF; i++)
        sum += weight[i] * (f(centre - half * node[i], data) + f(centre + half * node[i], data));
    return half * sum;
}

double normal_cdf(double x)
{
    return 0.5 * erfc(-x * M_SQRT1_2);
}

struct arguments {
    double squares, product; /* (a^2 + b^2)/2, ab */
};

/* 2 pi times the density of (a, b) in theta, rho = sin(theta) */
static double density(double theta, const void *data)
{
    const struct arguments *s = data;
    const double rho = sin(theta);
    return exp((rho * s->product - s->squares) / ((1 - rho) * (1 + rho)));
}

struct remainder {
    double square, product, c, d; /* (a - b)^2, ab, coefficients of the expansion */
};

/* In x = sqrt(1 - rho^2): the integrand less its expansion to x^4, whose integral is known */
static double near_one(double x, const void *data)
{
    const struct remainder *s = data;
    const double xx = x * x, exponent = -(s->square / xx + s->product) / 2;
    if (exponent < -100)
        return 0;
    const double root = sqrt((1 - x) * (1 + x));
    const double exact = exp(-s->product * xx / (2 * (1 + root) * (1 + root))) / root;
    return exp(exponent) * (exact - (1 + s->c * xx * (1 + s->d * xx)));
}

/* the integral of the density over correlations from rho > 0 to 1, times 2 pi */
static double upper_part(double a, double b, double rho)
{
    const double ab = a * b, bb = (a - b) * (a - b), xx = (1 - rho) * (1 + rho), x = sqrt(xx);
    const struct remainder s = { bb, ab, (4 - ab) / 8, (12 - ab) / 16 };
    double sum = 0;
    if (x == 0)
        return 0;
    const double exponent = -(bb / xx + ab) / 2, tail = s.c * bb * (1 - s.d * bb / 5) / 3;
    if (exponent > -100)
        sum = x * exp(exponent) *
              (1 - s.c * (bb - xx) * (1 - s.d * bb / 5) / 3 + s.c * s.d * xx * xx / 5);
    if (ab > -100)
        sum -= exp(-ab / 2) * sqrt(2 * M_PI) * normal_cdf(-sqrt(bb) / x) * sqrt(bb) * (1 - tail);
    return sum + gauss20(near_one, &s, 0, x);
}

double normal_cdf2(double a, double b, double rho)
{
    if (isnan(a) || isnan(b) || !(fabs(rho) <= 1))
        return NAN;
    if (isinf(a) || isinf(b))
        return a < 0 && isinf(a)   ? 0
               : b < 0 && isinf(b) ? 0
               : isinf(a)          ? normal_cdf(b)
                                   : normal_cdf(a);
    double p;
    if (fabs(rho) < 0.925) {
        const struct arguments s = { (a * a + b * b) / 2, a * b };
        p = normal_cdf(a) * normal_cdf(b) + gauss20(density, &s, 0, asin(rho)) / (2 * M_PI);
    } else if (rho > 0) {
        p = normal_cdf(fmin(a, b)) - upper_part(a, b, rho) / (2 * M_PI);
    } else { /* P(X < a) - P(X < a, -Y < -b), without cancellation in the first two terms */
        const double below = a + b <= 0 ? 0
                             : a < 0    ? normal_cdf(a) - normal_cdf(-b)
                                        : normal_cdf(b) - normal_cdf(-a);
        p = below + upper_part(a, -b, -rho) / (2 * M_PI);
    }
    return fmin(fmax(p, 0), 1);
}
