// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Products of small matrices, in the order of terms: the same bits however rows and columns are
 * divided. */
#ifndef SPT_DENSE_H
#define SPT_DENSE_H

#include <stddef.h>

/* y (rows, columns) = a (rows, terms) x (terms, columns); rows of x are x_stride apart, those of y
 * y_stride. y overlaps nothing */
void dense_multiply(size_t rows, size_t terms, size_t columns, const double *a, const double *x,
                    size_t x_stride, double *y, size_t y_stride);

#endif
