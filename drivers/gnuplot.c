// SPDX-FileCopyrightText: 2026 The StarPinT authors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "drivers/gnuplot.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/log.h"
#include "core/results.h"

extern char **environ;

static const unsigned viridis[] = { 0x440154, 0x482475, 0x414487, 0x355f8d, 0x2a788e, 0x21918c,
                                    0x22a884, 0x44bf70, 0x7ad151, 0xbddf26, 0xfde725 };
static const unsigned diverging[] = { 0x16437e, 0x3a7ab8, 0x86b6d9, 0xd3e3ef, 0xf8f7f6,
                                      0xf6d8c9, 0xe39b80, 0xc55352, 0x861a30 };
static const unsigned thermal[] = { 0x10294f, 0x23508f, 0x4b86bd, 0x93bcd8, 0xe9ece4,
                                    0xf7cd91, 0xee9950, 0xd65a33, 0x97222b };
const struct palette gnuplot_viridis_map = { viridis, COUNT(viridis) };
const struct palette gnuplot_diverging_map = { diverging, COUNT(diverging) };
const struct palette gnuplot_thermal_map = { thermal, COUNT(thermal) };

unsigned gnuplot_viridis(double f)
{
    const double at = f * (double)(COUNT(viridis) - 1);
    const size_t i = at >= COUNT(viridis) - 1 ? COUNT(viridis) - 2 : (size_t)at;
    unsigned rgb = 0;
    for (int shift = 0; shift < 24; shift += 8) {
        const double a = viridis[i] >> shift & 255, b = viridis[i + 1] >> shift & 255;
        rgb |= (unsigned)(a + (b - a) * (at - (double)i) + 0.5) << shift;
    }
    return rgb;
}

void gnuplot_palette(FILE *o, const struct palette *p)
{
    fputs("set palette defined (", o);
    for (size_t i = 0; i < p->n; i++)
        fprintf(o, "%s%zu '#%06x'", i ? ", " : "", i, p->rgb[i]);
    fputs(")\n", o);
}

void gnuplot_curve(FILE *o, size_t i)
{
    static const char *const colours[] = { "#3b518b", "#d1495b", "#21918c", "#e3a01b", "#7b4b94",
                                           "#5eb04a", "#8c564b", "#222222", "#17a2d8" };
    static const int points[] = { 7, 5, 9, 11, 13, 6, 4, 8, 10, 12 }; /* filled, then open */
    fprintf(o, "with linespoints lw 2 pt %d ps 1.3 lc rgb '%s'", points[i % COUNT(points)],
            colours[i % COUNT(colours)]);
}

const char *gnuplot_quoted(const char *s, char buffer[GNUPLOT_QUOTED])
{
    char *p = buffer;
    *p++ = '\'';
    for (; *s && p < buffer + 2 * GNUPLOT_TEXT; s++) {
        if (*s == '\'')
            *p++ = '\'';
        *p++ = (unsigned char)*s < ' ' ? ' ' : *s;
    }
    strcpy(p, "'");
    return buffer;
}

void gnuplot_style(FILE *o, int width, int height)
{
    fprintf(
        o,
        "set encoding utf8\nset minussign\n"
        "set terminal pngcairo enhanced rounded size %d,%d font 'sans,12' background '#ffffff'\n"
        "set format xy '%%h'\nset border 3 lc rgb '#555555' lw 1.2\n"
        "set tics nomirror out scale 0.6 textcolor rgb '#333333'\n"
        "set grid lt 1 lw 1 lc rgb '#e6e6e6'\n"
        "set key outside right top vertical Left reverse noenhanced samplen 2 spacing 1.35\n",
        width, height);
}

void gnuplot_title(FILE *o, int tag, const char *text)
{
    char q[GNUPLOT_QUOTED];
    fprintf(
        o,
        "set label %d %s at graph 0,1 left offset 0,1 font 'sans:Bold,14' textcolor rgb '#222222' "
        "noenhanced\n",
        tag, gnuplot_quoted(text, q));
}

void gnuplot_axis_label(FILE *o, char axis, const char *text)
{
    char q[GNUPLOT_QUOTED];
    fprintf(o, "set %clabel %s noenhanced textcolor rgb '#222222' font 'sans,13'\n", axis,
            gnuplot_quoted(text, q));
}

void gnuplot_number(FILE *o, double v)
{
    if (isfinite(v))
        fprintf(o, " %.9g", v);
    else
        fputs(" NaN", o);
}

void range_add(struct range *r, double v)
{
    if (isfinite(v)) {
        r->low = fmin(r->low, v);
        r->high = fmax(r->high, v);
    }
}

void gnuplot_range(FILE *o, char axis, struct range r)
{
    if (r.low > r.high)
        r = (struct range){ 0, 1 };
    double margin = 0.04 * (r.high - r.low);
    if (!(margin > 1e-13 * fmax(fabs(r.low), fabs(r.high))))
        margin = r.low != 0 ? 0.5 * fabs(r.low) : 1;
    fprintf(o, "set %crange [%.9g:%.9g] noextend\n", axis, r.low - margin, r.high + margin);
}

double nice_step(double range, int n)
{
    const double raw = range / n, power = pow(10, floor(log10(raw)));
    return power * (raw / power > 5 ? 10 : raw / power > 2 ? 5 : raw / power > 1 ? 2 : 1);
}

/* the last line of what gnuplot complained about */
static void complaint(FILE *f, char text[GNUPLOT_TEXT])
{
    char line[GNUPLOT_TEXT];
    snprintf(text, GNUPLOT_TEXT, "no reason given");
    rewind(f);
    while (fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = '\0';
        if (line[strspn(line, " \t^")])
            strcpy(text, line);
    }
}

static int run_gnuplot(FILE *script, const char *png, const char *shown)
{
    static const char *const argv[] = { "gnuplot", "--default-settings", "-", NULL };
    char text[GNUPLOT_TEXT];
    posix_spawn_file_actions_t files;
    pid_t pid;
    int status;
    FILE *errors = tmpfile();
    if (!errors)
        return log_error(-errno, "%s: %s", shown, strerror(errno));
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, fileno(script), 0);
    posix_spawn_file_actions_addopen(&files, 1, png, O_WRONLY | O_TRUNC, 0666);
    posix_spawn_file_actions_adddup2(&files, fileno(errors), 2);
    int err = posix_spawnp(&pid, argv[0], &files, NULL, (char *const *)argv, environ);
    posix_spawn_file_actions_destroy(&files);
    if (err) {
        fclose(errors);
        return err == ENOENT ? log_error(-err, "no gnuplot found: install it (package gnuplot-nox)")
                             : log_error(-err, "gnuplot: %s", strerror(err));
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    struct stat st;
    if (status || stat(png, &st) || st.st_size == 0) {
        complaint(errors, text);
        err = log_error(-EIO, "%s: gnuplot failed: %s", shown, text);
    }
    fclose(errors);
    return err;
}

bool gnuplot_found(void)
{
    const char *path = getenv("PATH");
    char file[4096];
    for (size_t n; path && *path; path += n + (path[n] == ':')) {
        n = strcspn(path, ":");
        snprintf(file, sizeof file, "%.*s/gnuplot", (int)n, path);
        if (access(file, X_OK) == 0)
            return true;
    }
    return false;
}

int gnuplot_write(const char *dir, const char *name, int (*script)(FILE *, const void *),
                  const void *data)
{
    struct results_file *png = NULL;
    FILE *f = tmpfile();
    int err;
    if (!f)
        return log_error(-errno, "%s/%s: %s", dir, name, strerror(errno));
    if ((err = script(f, data)))
        log_error(err, "%s/%s: %s", dir, name, strerror(-err));
    else if (fflush(f) || fseek(f, 0, SEEK_SET))
        err = log_error(-errno, "%s/%s: %s", dir, name, strerror(errno));
    if (!err && !(err = results_create(&png, dir, name)) &&
        !(err = run_gnuplot(f, results_path(png), name)))
        err = results_commit(&png);
    results_abandon(&png);
    fclose(f);
    return err;
}

int gnuplot_draw(const char *dir, const char *name, int (*script)(FILE *, const void *),
                 const void *data)
{
    const int err = gnuplot_write(dir, name, script, data);
    if (!err)
        printf(strcmp(dir, ".") ? "%s/%s\n" : "%.0s%s\n", dir, name);
    return err;
}
