// SPDX-License-Identifier: MIT
// Charts over time and histograms, by uPlot.
"use strict";
Terrier.charts = (() => {
    const { element, colour, time, bytes } = Terrier;
    const mib = 1048576;

    const axis = (more) =>
        Object.assign(
            {
                stroke: colour("soft"),
                font: "12px system-ui, 'DejaVu Sans', sans-serif",
                grid: { stroke: colour("grid"), width: 1 },
                ticks: { stroke: colour("grid"), width: 1 },
            },
            more
        );

    const seconds = axis.bind(null, {
        values: (u, ticks) => ticks.map((tick) => Number(tick.toPrecision(6)) + " s"),
        space: 60,
    });

    // One chart in a figure, made anew by each call of again().
    const chart = (label, height, options, data) => {
        const holder = element("div", { role: "img", "aria-label": label, class: "chart" });
        const figure = element("figure", {}, holder);
        let plot = null;
        const drawing = Terrier.draw(holder, (width) => {
            if (plot) plot.destroy();
            holder.replaceChildren();
            plot = new uPlot(
                Object.assign({ width, height, padding: [8, 12, 0, 0] }, options(width)),
                data,
                holder
            );
        });
        return { figure, drawing, plot: () => plot };
    };

    // Two runs are drawn to one scale: the most of all that is shown.
    const mostOfAll = (recording, of) =>
        Terrier.most(
            (Terrier.data.runs.length > 1
                ? Terrier.data.runs.flatMap((run) => run.recordings)
                : [recording]
            ).map(of)
        );
    const upTo = (most) => () => [0, most > 0 ? most * 1.06 : 1];

    // ---- Memory over time ----

    const memoryData = (run, recording) => {
        const s = recording.samples,
            c = recording.collections;
        const own = [
            s.start.map((t) => t / 1e9),
            s.limit.map((b) => b / mib),
            s.most.map((b) => b / mib),
            s.least.map((b) => b / mib),
            s.resident.map((b) => (b > 0 ? b / mib : null)),
        ];
        const ends = s.end.map((t) => t / 1e9);
        const last = ends.length - 1;
        if (last >= 0 && ends[last] > own[0][last]) {
            own[0].push(ends[last]);
            for (let i = 1; i < own.length; i++) own[i].push(own[i][last]);
        }
        const live = [[], []];
        c.start.forEach((start, i) => {
            const at = (start + c.total[i]) / 1e9;
            if (live[0].length === 0 || at > live[0][live[0].length - 1]) {
                live[0].push(at);
                live[1].push(c.live[i] / mib);
            }
        });
        return uPlot.join([inOrder(own), live]);
    };

    // uPlot wants each moment once, and later ones later.
    const inOrder = (columns) => {
        const kept = columns.map(() => []);
        columns[0].forEach((at, row) => {
            const count = kept[0].length;
            if (count > 0 && at <= kept[0][count - 1]) at = kept[0][count - 1] + 1e-7;
            columns.forEach((column, i) => kept[i].push(i === 0 ? at : column[row]));
        });
        return kept;
    };

    const memorySeries = [
        ["limit", "may be used before a collection or growth"],
        ["used", "used"],
        ["live", "lived after a collection"],
        ["resident", "resident"],
    ];

    const range = (recording) => {
        const ends = recording.samples.end,
            c = recording.collections;
        const first = Math.min(recording.started, ...recording.samples.start.slice(0, 1)) / 1e9;
        const last =
            Math.max(
                recording.last,
                ends[ends.length - 1] || 0,
                ...c.start.slice(-1).map((start, i) => start + c.total.slice(-1)[i])
            ) / 1e9;
        return [first, last > first ? last : first + 1e-3];
    };

    const memory = (run, recording, key) => {
        const data = memoryData(run, recording);
        const spread = range(recording);
        const highest = mostOfAll(recording, ({ samples }) =>
            Math.max(
                Terrier.most(samples.limit),
                Terrier.most(samples.most),
                Terrier.most(samples.resident)
            )
        );
        const line = (name, more) =>
            Object.assign(
                {
                    label: name,
                    stroke: colour(name),
                    width: 1.5,
                    spanGaps: true,
                    points: { show: false },
                },
                more
            );
        const made = chart(
            "Sizes of the heap and of the process over time, in MiB. " + summary(recording),
            260,
            () => ({
                scales: {
                    x: { time: false, range: () => zoom[key] || spread },
                    y: { range: upTo(highest / mib) },
                },
                cursor: { sync: { key }, drag: { x: true, y: false } },
                hooks: zooming(key),
                axes: [
                    seconds(),
                    axis({
                        size: 62,
                        values: (u, ticks) =>
                            ticks.map((t) => bytes(t * mib).replace(/\.0+ /, " ")),
                    }),
                ],
                bands: [{ series: [2, 3], fill: colour("used") + "33" }],
                series: [
                    {},
                    line("limit", { dash: [5, 4] }),
                    line("used", {}),
                    line("used", { width: 1 }),
                    line("resident", {}),
                    line("live", { paths: uPlot.paths.stepped({ align: 1 }), width: 2 }),
                ],
            }),
            data
        );
        made.figure.append(
            Terrier.legend(
                memorySeries.map(([name, text]) => ["var(--" + name + ")", text]),
                true
            )
        );
        return made;
    };

    const summary = (recording) => {
        const s = recording.samples,
            c = recording.collections;
        return (
            `${Terrier.sum(c.count)} collections; at most ${bytes(Terrier.most(s.most))} used, ` +
            `${bytes(Terrier.most(c.live))} live, ${bytes(Terrier.most(s.resident))} resident.`
        );
    };

    // All charts of a recording show the same stretch of time.
    const zoom = {};
    const zooming = (key) => ({
        setSelect: [
            (u) => {
                if (u.select.width < 4) return;
                zoom[key] = [
                    u.posToVal(u.select.left, "x"),
                    u.posToVal(u.select.left + u.select.width, "x"),
                ];
                u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
                Terrier.drawings.filter((d) => d.key === key).forEach((d) => d.again());
            },
        ],
        ready: [
            (u) =>
                u.over.addEventListener("dblclick", () => {
                    delete zoom[key];
                    Terrier.drawings.filter((d) => d.key === key).forEach((d) => d.again());
                }),
        ],
    });

    // ---- Collections ----

    const partsOfPause = (data) =>
        data.parts
            .map((part, i) => [i, part[0]])
            .filter(([i, name]) => i > 0 && i < data.parts.length - 1);

    // A bar for each, as wide as it took, with its parts from below; the tallest are drawn first.
    const drawCollections = (c, selected) => (u) => {
        const order = c.pause.map((pause, i) => i).sort((a, b) => c.pause[b] - c.pause[a]);
        const context = u.ctx,
            ratio = devicePixelRatio || 1;
        const bottom = u.valToPos(0, "y", true);
        const colours = Terrier.data.parts.map((part, i) => colour("part" + i));
        context.save();
        context.beginPath();
        context.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
        context.clip();
        for (const i of order) {
            const left = u.valToPos(c.start[i] / 1e9, "x", true);
            const right = u.valToPos((c.start[i] + c.pause[i]) / 1e9, "x", true);
            const width = Math.max(right - left, 2.5 * ratio);
            let sum = 0;
            partsOfPause(Terrier.data).forEach(([part]) => {
                const low = u.valToPos(sum / 1e6, "y", true);
                sum += c.parts[i][part];
                const high = u.valToPos(Math.min(sum, c.pause[i]) / 1e6, "y", true);
                context.fillStyle = colours[part];
                context.fillRect(left, high, width, low - high);
            });
            if (i === selected()) {
                const top = u.valToPos(c.pause[i] / 1e6, "y", true);
                context.strokeStyle = colour("ink");
                context.lineWidth = 1.5 * ratio;
                context.strokeRect(
                    left - 2 * ratio,
                    top - 2 * ratio,
                    width + 4 * ratio,
                    bottom - top + 2 * ratio
                );
            }
        }
        context.restore();
    };

    const describe = (c, i) => {
        const parts = partsOfPause(Terrier.data)
            .map(([part, name]) => [c.parts[i][part], name])
            .filter(([ns]) => ns >= 1000)
            .map(([ns, name]) => `${name} ${time(ns)}`)
            .join(", ");
        const many =
            c.count[i] > 1
                ? ` It stands for ${c.count[i]} collections and has the longest pause of them.`
                : "";
        return (
            `Collection ${c.number[i]}, of ${c.young[i] ? "young" : "all"} objects, at ` +
            `${(c.start[i] / 1e9).toFixed(3)} s (${Terrier.data.reasons[c.reason[i]] || "?"}): ` +
            `pause ${time(c.pause[i])}${parts ? " = " + parts : ""}. ` +
            `${bytes(c.before[i])} used before, ${bytes(c.after[i])} after; ` +
            `${bytes(c.live[i])} in ${Terrier.count(c.objects[i])} objects lived.` +
            many
        );
    };

    const collections = (recording, key) => {
        const c = recording.collections;
        if (c.start.length === 0)
            return {
                figure: element("p", { class: "soft" }, "There was no collection."),
                drawings: [],
            };
        const said = element("p", { class: "said", "aria-live": "polite" });
        let selected = c.pause.indexOf(Terrier.most(c.pause));
        const times = inOrder([c.start.map((start) => start / 1e9), c.pause.map((ns) => ns / 1e6)]);
        const longest = mostOfAll(recording, ({ collections }) => Terrier.most(collections.pause));
        const spread = range(recording);
        const made = chart(
            `Pauses of ${Terrier.sum(c.count)} collections over time, with their parts. ` +
                `The longest took ${time(Terrier.most(c.pause))}.`,
            200,
            () => ({
                scales: {
                    x: { time: false, range: () => zoom[key] || spread },
                    y: { range: upTo(longest / 1e6) },
                },
                cursor: {
                    sync: { key },
                    drag: { x: true, y: false },
                    y: false,
                    points: { show: false },
                },
                axes: [
                    seconds(),
                    axis({
                        size: 62,
                        values: (u, ticks) => ticks.map((t) => Number(t.toPrecision(4)) + " ms"),
                    }),
                ],
                series: [{}, { label: "pause", paths: () => null, points: { show: false } }],
                hooks: Object.assign(zooming(key), {
                    draw: [drawCollections(c, () => selected)],
                    setCursor: [
                        (u) => {
                            const index = u.cursor.idx;
                            if (index !== null && index !== undefined && u.cursor.event)
                                said.textContent = describe(c, index);
                        },
                    ],
                }),
            }),
            times
        );
        const steps = Terrier.stepper("collection", c.start.length, selected, (index) => {
            selected = index;
            said.textContent = describe(c, index);
            if (made.plot()) made.plot().redraw();
            return said.textContent;
        });
        said.textContent = describe(c, selected);
        const present = partsOfPause(Terrier.data).filter(([part]) =>
            c.parts.some((parts) => parts[part] > 0)
        );
        made.figure.append(
            Terrier.legend(present.map(([part, name]) => [`var(--part${part})`, name])),
            steps.element,
            said
        );
        return made;
    };

    // ---- Histogram ----

    const orNothing = (count) => (count > 0 ? count : null);

    const histogram = (recording) => {
        const rows = recording.pauses;
        if (rows.length === 0)
            return { figure: element("p", { class: "soft" }, "There was no collection.") };
        const group = (row) => row[0] >> 1;
        const first = group(rows[0]) - 1,
            last = group(rows[rows.length - 1]) + 1;
        const whole = new Array(last - first + 1).fill(0),
            young = whole.slice();
        const low = new Map();
        rows.forEach((row) => {
            whole[group(row) - first] += row[3];
            young[group(row) - first] += row[4];
        });
        const bound = (index) => {
            const bucket = Math.max((index + first) * 2, 0),
                log = bucket >> 3,
                step = bucket & 7;
            return log === 0 ? step : (8 + step) * 2 ** (log - 1);
        };
        const x = whole.map((count, i) => i);
        const both = whole.map((count, i) => count + young[i]);
        const bars = uPlot.paths.bars({ size: [0.9, 64] });
        const hasYoung = Terrier.sum(young) > 0;
        const many = Terrier.most(both);
        const said = element("p", { class: "said" });
        const made = chart(
            `Histogram of ${Terrier.sum(both)} pauses, most of them ` +
                `about ${time(bound(both.indexOf(many)))}.`,
            280,
            () => ({
                scales: {
                    x: { time: false, range: () => [-0.6, x.length - 0.4] },
                    y: { range: (u, l, high) => [0, high > 0 ? high * 1.08 : 1] },
                },
                cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
                axes: [
                    axis({
                        values: (u, ticks) =>
                            ticks.map((t) =>
                                Number.isInteger(t) ? time(Math.round(bound(t))) : ""
                            ),
                        space: 74,
                        incrs: [1, 2, 4, 8, 16, 32],
                        grid: { show: false },
                    }),
                    axis({
                        size: 54,
                        incrs: [
                            1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5,
                            2e5, 5e5, 1e6, 1e7,
                        ],
                    }),
                ],
                series: [
                    {},
                    {
                        stroke: colour("young"),
                        fill: colour("young"),
                        paths: bars,
                        points: { show: false },
                    },
                    {
                        stroke: colour("whole"),
                        fill: colour("whole"),
                        paths: bars,
                        points: { show: false },
                    },
                ],
                hooks: {
                    setCursor: [
                        (u) => {
                            const i = u.cursor.idx;
                            if (i === null || i === undefined || both[i] === 0) return;
                            const from = time(Math.round(bound(i)));
                            const to = time(Math.round(bound(i + 1)));
                            said.textContent = `${Terrier.count(both[i])} pauses, ${from} to ${to}`;
                        },
                    ],
                },
            }),
            [x, both.map(orNothing), whole.map(orNothing)]
        );
        if (hasYoung)
            made.figure.append(
                Terrier.legend([
                    ["var(--whole)", "of all objects"],
                    ["var(--young)", "of young objects"],
                ])
            );
        made.figure.append(said);
        return made;
    };

    // ---- Two runs ----

    const residents = (runs) => {
        const colours = ["resident", "used"];
        const tables = runs.map((run) =>
            inOrder([run.resident.time.map((t) => t / 1e9), run.resident.bytes.map((b) => b / mib)])
        );
        if (tables.some((table) => table[0].length === 0)) return null;
        const data = uPlot.join(tables);
        const made = chart(
            "Resident memory of both programs over time. " +
                runs
                    .map(
                        (run) => `${run.title}: at most ${bytes(Terrier.most(run.resident.bytes))}`
                    )
                    .join("; "),
            260,
            () => ({
                scales: {
                    x: { time: false },
                    y: { range: (u, low, high) => [0, high > 0 ? high * 1.05 : 1] },
                },
                cursor: { drag: { x: true, y: false } },
                axes: [
                    seconds(),
                    axis({
                        size: 62,
                        values: (u, ticks) =>
                            ticks.map((t) => bytes(t * mib).replace(/\.0+ /, " ")),
                    }),
                ],
                series: [{}].concat(
                    runs.map((run, i) => ({
                        label: run.title,
                        stroke: colour(colours[i]),
                        width: 2,
                        spanGaps: true,
                        points: { show: false },
                    }))
                ),
            }),
            data
        );
        made.figure.append(
            Terrier.legend(
                runs.map((run, i) => [`var(--${colours[i]})`, run.title]),
                true
            )
        );
        return made;
    };

    return { memory, collections, histogram, residents };
})();
