// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "problems/dense.h"

enum { LANES = 8, WIDTH = 2 * LANES, ROWS = 6 }; /* of a vector; of columns and rows in registers */
typedef double lanes
    __attribute__((vector_size(LANES * sizeof(double)), aligned(sizeof(double)), may_alias));

static inline __attribute__((always_inline)) void block(const size_t rows, size_t terms,
                                                        const double *a, const double *x,
                                                        size_t x_stride, double *y, size_t y_stride)
{
    lanes sum[ROWS][2] = { { { 0 } } };
    for (size_t p = 0; p < terms; p++) {
        const lanes left = *(const lanes *)(x + p * x_stride),
                    right = *(const lanes *)(x + p * x_stride + LANES);
        for (size_t i = 0; i < rows; i++) {
            sum[i][0] += a[i * terms + p] * left;
            sum[i][1] += a[i * terms + p] * right;
        }
    }
    for (size_t i = 0; i < rows; i++)
        for (size_t v = 0; v < 2; v++)
            *(lanes *)(y + i * y_stride + v * LANES) = sum[i][v];
}

void dense_multiply(size_t rows, size_t terms, size_t columns, const double *a, const double *x,
                    size_t x_stride, double *y, size_t y_stride)
{
    size_t j = 0;
    for (; j + WIDTH <= columns; j += WIDTH) {
        size_t i = 0;
        for (; i + ROWS <= rows; i += ROWS)
            block(ROWS, terms, a + i * terms, x + j, x_stride, y + i * y_stride + j, y_stride);
        for (; i < rows; i++)
            block(1, terms, a + i * terms, x + j, x_stride, y + i * y_stride + j, y_stride);
    }
    for (; j < columns; j++)
        for (size_t i = 0; i < rows; i++) {
            double sum = 0;
            for (size_t p = 0; p < terms; p++)
                sum += a[i * terms + p] * x[p * x_stride + j];
            y[i * y_stride + j] = sum;
        }
}
