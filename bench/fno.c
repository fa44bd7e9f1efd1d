// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
/* Fourier neural operators on one core, float32: forward for one sample and for 16, and a training step (forward, backward,
 * Adam), in turns with the best of PyTorch's equivalent forms (bench/fno_rival.py). CPU times: on a quiet machine they are
 * the elapsed ones, on a busy one they are disturbed less. Beside them the floating-point operations counted by the layers
 * at the rate of this core's fused multiply-adds, and their bytes at its triad bandwidth. */
#include <math.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/bench.h"
#include "nn/layer.h"
#define NN_REAL 32
#include "nn/optimiser.h"
#include "nn/simd.h"

enum { LAYERS = 8, CHUNK = 4 }; /* samples that go through all layers together, at most */

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static float *vector(size_t n)
{
    float *v;
    if (posix_memalign((void **)&v, 64, (n + 16) * sizeof *v))
        abort();
    for (size_t i = 0; i < n; i++)
        v[i] = (float)((double)rand() / RAND_MAX - 0.5);
    return v;
}

/* ---- the rival, another process that answers questions */

struct rival {
    pid_t process;
    FILE *ask, *answer;
    char form[128];
};

static int rival_open(struct rival *r, const char *script)
{
    int to[2], from[2];
    char line[64];
    memset(r, 0, sizeof *r);
    if (pipe(to) || pipe(from))
        return 1;
    r->process = fork();
    if (r->process == 0) {
        dup2(to[0], 0);
        dup2(from[1], 1);
        if (!freopen("/dev/null", "w", stderr))
            _exit(1);
        close(to[0]), close(to[1]), close(from[0]), close(from[1]);
        setenv("MALLOC_TOP_PAD_", "1000000000", 1); /* freed memory is kept: PyTorch likes that */
        setenv("MALLOC_TRIM_THRESHOLD_", "8000000000", 1);
        setenv("MALLOC_MMAP_THRESHOLD_", "8000000000", 1);
        execl("/usr/bin/python3", "python3", script, (char *)NULL);
        _exit(1);
    }
    close(to[0]), close(from[1]);
    r->ask = fdopen(to[1], "w");
    r->answer = fdopen(from[0], "r");
    if (!fgets(line, sizeof line, r->answer) || strncmp(line, "torch", 5)) {
        puts("# the rival is missing: needs the package python3-torch");
        return 1;
    }
    printf("# rival: %s", line);
    return 0;
}

static double rival_seconds(struct rival *r, const char *name)
{
    double s = NAN;
    fprintf(r->ask, "%s\n", name);
    fflush(r->ask);
    if (fscanf(r->answer, "%lf %127[^\n]", &s, r->form) != 2)
        return NAN;
    return s;
}

static void rival_close(struct rival *r)
{
    if (r->ask)
        fclose(r->ask);
    if (r->answer)
        fclose(r->answer);
    if (r->process > 0)
        waitpid(r->process, NULL, 0);
}

/* ---- what the machine can do */

/* FLOP/s of multiply-adds in registers, fused where the processor can (-ffp-contract=fast) */
static double peak(void)
{
    enum { CHAINS = 12, ROUNDS = 1000000 };
    vreal s[CHAINS], sum = { 0 }, a = sum + 0.999f, b = sum + 1e-3f;
    for (int i = 0; i < CHAINS; i++)
        s[i] = sum + (float)i;
    const double start = seconds();
    for (int r = 0; r < ROUNDS; r++)
        for (int i = 0; i < CHAINS; i++)
            s[i] = s[i] * a + b;
    for (int i = 0; i < CHAINS; i++)
        sum += s[i];
    volatile float result = sum[0];
    (void)result;
    return 2.0 * SIMD_LANES * CHAINS * ROUNDS / (seconds() - start);
}

static double triad(float *y, const float *a, const float *b, size_t n)
{
    const double start = seconds();
    for (size_t i = 0; i < n; i++)
        y[i] = a[i] + 3.0f * b[i];
    __asm__ volatile("" ::"r"(y) : "memory");
    return 12.0 * (double)n / (seconds() - start);
}

/* ---- ours */

struct shape {
    const char *name;
    size_t width, modes, layers, points[2], in, out;
};

struct fno {
    int n;
    struct layer *layers[LAYERS];
    size_t chunk; /* samples that do, 1, 2 or 4: what is fastest */
    size_t nparams, offset[LAYERS], widest, nwork, kept;
    float *params, *activation[LAYERS + 1], *keep[LAYERS], *gradient[2], *dparams, *first, *second;
    double *work, flops, bytes;
};

static void fno_create(struct fno *f, const struct shape *s)
{
    const size_t points = s->points[0] * s->points[1];
    const struct spectrum spectrum = { 2, { s->points[0], s->points[1] }, { s->modes, s->modes }, { 0 }, TRANSFORM_AUTO };
    int err = pointwise_create(&f->layers[0], DTYPE_F32, "lift", s->in, s->width, points, true, ACT_IDENTITY);
    f->n = 1;
    for (size_t i = 0; i < s->layers; i++)
        err |= fourier_create(&f->layers[f->n++], DTYPE_F32, "fourier", &spectrum, s->width, s->width, true, true, false,
                              i + 1 < s->layers ? ACT_GELU : ACT_IDENTITY);
    err |= pointwise_create(&f->layers[f->n++], DTYPE_F32, "hidden", s->width, 128, points, true, ACT_GELU);
    err |= pointwise_create(&f->layers[f->n++], DTYPE_F32, "project", 128, s->out, points, true, ACT_IDENTITY);
    if (err)
        abort();
    f->nparams = f->nwork = f->widest = 0;
    f->flops = f->bytes = 0;
    for (int i = 0; i < f->n; i++) {
        const struct layer *l = f->layers[i];
        f->offset[i] = f->nparams;
        f->nparams += (l->nparams + 15) / 16 * 16;
        f->nwork = layer_nwork(l, CHUNK) > f->nwork ? layer_nwork(l, CHUNK) : f->nwork;
        f->widest = l->out > f->widest ? l->out : f->widest;
        f->flops += l->flops;
        f->bytes += l->bytes;
        f->activation[i + 1] = vector(CHUNK * l->out);
        f->keep[i] = vector(CHUNK * l->keep);
    }
    for (int i = 0; i < 2; i++)
        f->gradient[i] = vector(CHUNK * f->widest);
    f->work = (double *)vector(2 * f->nwork);
    f->params = vector(f->nparams);
    for (size_t i = 0; i < f->nparams; i++)
        f->params[i] *= 0.2f;
    f->dparams = vector(f->nparams), f->first = vector(f->nparams), f->second = vector(f->nparams);
    memset(f->first, 0, f->nparams * sizeof(float));
    memset(f->second, 0, f->nparams * sizeof(float));
}

static void fno_destroy(struct fno *f)
{
    for (int i = 0; i < f->n; i++) {
        layer_destroy(&f->layers[i]);
        free(f->activation[i + 1]), free(f->keep[i]);
    }
    free(f->gradient[0]), free(f->gradient[1]), free(f->work), free(f->params), free(f->dparams), free(f->first),
        free(f->second);
}

static void forward(struct fno *f, size_t batch, const float *x, float *y, bool keep)
{
    const struct exec e = exec_host(f->work, f->nwork);
    f->activation[0] = (float *)x;
    for (int i = 0; i < f->n; i++) {
        const struct layer *l = f->layers[i];
        float *to = i + 1 == f->n ? y : f->activation[i + 1];
        if (!keep && i + 1 < f->n && pointwise_pair(l, f->layers[i + 1])) { /* the last two, as networks do */
            pointwise_pair_forward(l, f->layers[i + 1], &e, batch, f->params + f->offset[i], f->params + f->offset[i + 1],
                                   f->activation[i], y);
            break;
        }
        l->kernels[DEV_CPU]->forward(l, &e, batch, f->params + f->offset[i], f->activation[i], to, keep ? f->keep[i] : NULL);
    }
}

static void predict(struct fno *f, size_t batch, const float *x, float *y)
{
    for (size_t b = 0; b < batch; b += f->chunk)
        forward(f, batch - b < f->chunk ? batch - b : f->chunk, x + b * f->layers[0]->in, y + b * f->layers[f->n - 1]->out,
                false);
}

/* mean square error, its gradient, and a step of Adam */
static void train(struct fno *f, size_t batch, const float *x, const float *target, float *y, int step)
{
    const size_t in = f->layers[0]->in, out = f->layers[f->n - 1]->out;
    const struct exec e = exec_host(f->work, f->nwork);
    memset(f->dparams, 0, f->nparams * sizeof(float));
    for (size_t b = 0; b < batch; b += f->chunk) {
        const size_t n = batch - b < f->chunk ? batch - b : f->chunk;
        forward(f, n, x + b * in, y + b * out, true);
        float *dy = f->gradient[0], *dx = f->gradient[1];
        for (size_t i = 0; i < n * out; i++)
            dy[i] = 2.0f / (float)(batch * out) * (y[b * out + i] - target[b * out + i]);
        for (int i = f->n - 1; i >= 0; i--) {
            const struct layer *l = f->layers[i];
            l->kernels[DEV_CPU]->backward(l, &e, n, f->params + f->offset[i], f->activation[i], f->keep[i], dy,
                                          i ? dx : NULL, f->dparams + f->offset[i]);
            float *t = dy;
            dy = dx;
            dx = t;
        }
    }
    const struct adam_step adam = { .beta = { 0.9, 0.999 }, .epsilon = 1e-8, .rate = 1e-3,
                                    .correction = { 1 - pow(0.9, step), 1 - pow(0.999, step) } };
    adam_f32(&adam, f->nparams, f->params, f->dparams, f->first, f->second);
}

int main(int argc, char **argv)
{
    static const struct shape shapes[] = {
        { "a", 32, 12, 4, { 64, 64 }, 3, 1 },
        { "b", 64, 16, 4, { 128, 128 }, 3, 1 },
        { "c", 16, 12, 2, { 256, 64 }, 6, 4 },
    };
    const size_t large = 8 << 20; /* 32 MiB each */
    float *const a = vector(large), *const b = vector(large), *const c = vector(large);
    const char *script = argc > 1 ? argv[1] : "bench/fno_rival.py";
    const char *only = argc > 2 ? argv[2] : "";
    struct rival rival;
    int bad = 0;
    const bool alone = rival_open(&rival, script);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const struct shape *s = &shapes[i];
        struct fno f;
        fno_create(&f, s);
        for (int kind = 0; kind < 3; kind++) { /* one sample, 16, training with 16 */
            const size_t batch = kind ? 16 : 1;
            char title[160], name[16];
            double ours[BENCH_RUNS], its[BENCH_RUNS], ratio[BENCH_RUNS], rate[BENCH_RUNS], limit[BENCH_RUNS],
                stream[BENCH_RUNS], of_peak[BENCH_RUNS], of_stream[BENCH_RUNS];
            snprintf(name, sizeof name, "%s.%zu%s", s->name, batch, kind == 2 ? "t" : "");
            if ((kind == 2 && i > 0) || (strchr(only, '.') ? strcmp(name, only) : strncmp(name, only, strlen(only))))
                continue;
            float *x = vector(batch * f.layers[0]->in), *y = vector(batch * f.layers[f.n - 1]->out),
                  *target = vector(batch * f.layers[f.n - 1]->out);
            size_t chunk = CHUNK;
            double least = INFINITY;
            for (int k = 0; k < 12; k++) { /* the rival's form is chosen like this, too */
                f.chunk = (size_t)1 << k % 3;
                const double start = seconds();
                if (kind == 2)
                    train(&f, batch, x, target, y, 1);
                else
                    predict(&f, batch, x, y);
                const double time = seconds() - start;
                chunk = time < least ? f.chunk : chunk;
                least = time < least ? time : least;
            }
            f.chunk = chunk;
            for (int r = -1; r < BENCH_RUNS; r++) { /* -1: warm-up */
                const double it = alone ? NAN : rival_seconds(&rival, name), fma = peak(), memory = triad(c, a, b, large);
                const int repeat = kind == 0 ? 10 : 1;
                predict(&f, batch, x, y);
                const double start = seconds();
                for (int k = 0; k < repeat; k++)
                    if (kind == 2)
                        train(&f, batch, x, target, y, r + 2);
                    else
                        predict(&f, batch, x, y);
                const double time = (seconds() - start) / repeat;
                if (r < 0)
                    continue;
                ours[r] = 1e3 * time;
                its[r] = 1e3 * it;
                ratio[r] = it / time;
                rate[r] = 1e-9 * f.flops * (double)batch / time;
                limit[r] = 1e-9 * fma;
                stream[r] = 1e-9 * memory;
                of_peak[r] = f.flops * (double)batch / fma / time;
                of_stream[r] = f.bytes * (double)batch / memory / time;
            }
            snprintf(title, sizeof title, "width %zu, modes %zux%zu, %zu layers, %zux%zu, %zu to %zu channels: %s, batch %zu",
                     s->width, s->modes, s->modes, s->layers, s->points[0], s->points[1], s->in, s->out,
                     kind == 2 ? "training step" : "forward", batch);
            bench_head(title);
            bench_row("  ours", bench_spread(ours, BENCH_RUNS), "ms", 0.0, 1);
            if (!alone) {
                bench_row("  PyTorch", bench_spread(its, BENCH_RUNS), "ms", 0.0, 1);
                bad |= bench_row("  times faster", bench_spread(ratio, BENCH_RUNS), "", kind == 2 ? 2.0 : 3.0, 0);
                printf("  PyTorch's form: %s\n", rival.form);
            }
            if (kind < 2) {
                printf("  %.4f GFLOP, %.2f MB per sample as counted by the layers\n", 1e-9 * f.flops, 1e-6 * f.bytes);
                bench_row("  counted operations", bench_spread(rate, BENCH_RUNS), "GFLOP/s", 0.0, 0);
                bench_row("  this core's multiply-adds", bench_spread(limit, BENCH_RUNS), "GFLOP/s", 0.0, 0);
                bench_row("  share of it", bench_spread(of_peak, BENCH_RUNS), "", 0.0, 0);
                bench_row("  triad (STREAM)", bench_spread(stream, BENCH_RUNS), "GB/s", 0.0, 0);
                bench_row("  counted bytes' time / ours", bench_spread(of_stream, BENCH_RUNS), "", 0.0, 0);
            }
            fflush(stdout);
            free(x), free(y), free(target);
        }
        fno_destroy(&f);
    }
    rival_close(&rival);
    free(a), free(b), free(c);
    return bad;
}
