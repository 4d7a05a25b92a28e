// SPDX-License-Identifier: MIT
// The page: a head, a table where two runs are compared, and a column for each run.
"use strict";
(() => {
    const { data, element, bytes, time, count, share, sum, most } = Terrier;
    const page = document.getElementById("page");
    const baseName = (path) => path.slice(path.lastIndexOf("/") + 1) || path;

    const card = (title, ...children) =>
        element("section", { class: "card" }, element("h2", {}, title), ...children);

    const tile = (value, name) =>
        element("div", { class: "tile" }, element("b", {}, value), element("span", {}, name));

    const figureOf = (recording, name) => {
        const index = data.statistics.findIndex((row) => row[0] === name);
        return recording.figures[index] || 0;
    };

    const ending = (run) =>
        run.signal !== null ? `ended by a signal: ${run.signal}` : `exit status ${run.status}`;

    // ---- One recording ----

    const tiles = (run, recording) => {
        const c = recording.collections;
        const lived = recording.last - recording.started;
        const pauses = sum(c.pauses);
        return element(
            "div",
            { class: "tiles" },
            tile(count(sum(c.count)), "collections"),
            tile(time(most(c.pause)), "longest pause"),
            tile(time(figureOf(recording, "pause_median_ns")), "median pause"),
            tile(share(pauses, lived), "of the time in pauses"),
            tile(bytes(most(recording.samples.most)), "most used"),
            tile(bytes(most(c.live)), "most live"),
            tile(bytes(most(recording.samples.resident)), "most resident"),
            tile(bytes(figureOf(recording, "allocated_bytes")), "allocated")
        );
    };

    const remarks = (recording) => {
        const list = [];
        const stride = recording.collections.stride;
        if (!recording.ended)
            list.push(
                "The process did not come to its end by itself: what is here is what was " +
                    "known then; figures are up to 0.1 s older."
            );
        if (stride > 1)
            list.push(
                `There were many collections: a bar stands for up to ${stride} and shows the ` +
                    "longest pause. The histogram counts all of them."
            );
        if (recording.samples.stride > 1)
            list.push(
                `Sizes were noted ${recording.samples.stride} at a time, as the least and the most.`
            );
        if (recording.looked > 0)
            list.push(
                `Taking snapshots took ${time(recording.looked)}, which is in no pause here.`
            );
        return list.map((text) => element("p", { class: "soft" }, text));
    };

    const figuresTable = (recording) =>
        Terrier.table(
            ["Figure", "", "Value"],
            data.statistics
                .map((row, i) => [
                    row[0],
                    row[2],
                    Terrier.figure(recording.figures[i] || 0, row[1]),
                ])
                .slice(0, recording.figures.length),
            [2]
        );

    const settingsTable = (recording) => {
        const rows = data.options
            .map((row, i) => {
                const made = [row[0], recording.settings[i], row[2]];
                made.changed = recording.settings[i] !== row[1] && row[0] !== "recording";
                return made;
            })
            .filter((row) => row[1] !== undefined);
        if (rows.length === 0)
            return element("p", { class: "soft" }, "They are of another version of Terrier.");
        const heads = ["Option", "Value", "Meaning"];
        const short = (text) => (text.length > 120 ? text.slice(0, 119) + "…" : text);
        return element(
            "div",
            {},
            Terrier.table(
                heads,
                rows.filter((row) => row.changed).map((row) => [row[0], row[1], short(row[2])]),
                []
            ),
            element(
                "details",
                { class: "skip" },
                element("summary", {}, "All options"),
                Terrier.table(heads, rows, [])
            )
        );
    };

    const snapshotCards = (recording) => {
        const counted = recording.snapshots.map((snapshot) => snapshot.kinds.length > 0);
        const drawings = [];
        if (recording.snapshots.length === 0) return { cards: [], drawings };
        const kinds = Terrier.kinds.view(recording);
        // The last counts that there were at that snapshot, or the first ones.
        const show = (index) => {
            let at = index;
            while (at >= 0 && !counted[at]) at--;
            at = at >= 0 ? at : counted.indexOf(true);
            if (at >= 0) kinds.show(recording.snapshots[at]);
        };
        const blocks = Terrier.blocks.view(recording, show);
        drawings.push(blocks.drawing);
        const cards = [
            card(
                "Blocks",
                element(
                    "p",
                    { class: "soft" },
                    "Each tile is a block, filled from below as far as objects fill it. Step " +
                        "through the run with the buttons, or with the arrow keys on the slider."
                ),
                blocks.element
            ),
        ];
        if (counted.includes(true)) {
            drawings.push(kinds.drawing);
            cards.push(card("What lives", kinds.element));
        }
        return { cards, drawings, start: () => show(blocks.at()) };
    };

    const recordingView = (run, recording, key) => {
        const memory = Terrier.charts.memory(run, recording, key);
        const collections = Terrier.charts.collections(recording, key);
        const histogram = Terrier.charts.histogram(recording);
        const snapshots = snapshotCards(recording);
        const drawings = [memory, collections, histogram]
            .map((chart) => chart.drawing)
            .filter((drawing) => drawing)
            .concat(snapshots.drawings);
        [memory, collections].forEach((chart) => {
            if (chart.drawing) chart.drawing.key = key;
        });
        const view = element(
            "div",
            {},
            element(
                "p",
                { class: "soft" },
                `plan ${recording.plan}, layout ${recording.layout}, ` +
                    `process ${recording.process}`
            ),
            tiles(run, recording),
            card(
                "Memory and collections",
                element(
                    "p",
                    { class: "soft skip" },
                    "Drag over a stretch of time to see it larger; double-click for all of it."
                ),
                memory.figure,
                element("h3", {}, "Pauses and their parts"),
                collections.figure,
                ...remarks(recording)
            ),
            element(
                "div",
                { class: "halves" },
                card("Histogram of pauses", histogram.figure),
                ...snapshots.cards.slice(1)
            ),
            ...snapshots.cards.slice(0, 1),
            element(
                "div",
                { class: "halves" },
                card("Figures", figuresTable(recording)),
                card("Settings that are not the usual ones", settingsTable(recording))
            )
        );
        return { view, drawings, start: snapshots.start };
    };

    // ---- One run ----

    const nameOf = (recording, run) =>
        `${recording.program}, process ${recording.process}` +
        (recording.heap > 1 ? `, heap ${recording.heap}` : "") +
        ` (${count(sum(recording.collections.count))} collections)`;

    const showRecording = (place, run, index, key) => {
        const old = place.drawings || [];
        Terrier.drawings = Terrier.drawings.filter((drawing) => !old.includes(drawing));
        const made = recordingView(run, run.recordings[index], key);
        place.drawings = made.drawings;
        place.replaceChildren(made.view);
        made.drawings.forEach((drawing) => drawing.again());
        if (made.start) made.start();
    };

    const runView = (run, number) => {
        const place = element("div"),
            view = element("div", { class: "run" });
        if (data.runs.length > 1) view.append(element("h2", {}, run.title));
        view.append(
            element(
                "p",
                { class: "soft" },
                `${ending(run)}; wall time ${time(run.wall)}, processor time ` +
                    `${time(run.user + run.system)}, peak resident memory ${bytes(run.peak)}`
            )
        );
        if (run.recordings.length === 0) {
            view.append(
                element(
                    "p",
                    { class: "soft" },
                    data.runs.length > 1
                        ? "Seen from outside alone: this library tells nothing."
                        : "No process of it used Terrier's heap: it is not linked to " +
                              "libgc.so.1, or has a static one, or started nothing that does."
                )
            );
            return { view, start: () => {} };
        }
        if (run.recordings.length > 1) {
            const choice = element(
                "select",
                { "aria-label": "Process" },
                run.recordings.map((recording, i) =>
                    element("option", { value: i }, nameOf(recording, run))
                )
            );
            choice.addEventListener("change", () =>
                showRecording(place, run, Number(choice.value), "run" + number)
            );
            const own = run.recordings.findIndex((recording) => recording.process === run.pid);
            choice.value = Math.max(own, 0);
            view.append(
                element(
                    "p",
                    {},
                    element("label", {}, `${run.recordings.length} heaps were recorded: `, choice)
                )
            );
            if (run.left_out > 0)
                view.append(
                    element(
                        "p",
                        { class: "soft" },
                        `${run.left_out} more, with fewer collections, are left out.`
                    )
                );
            view.append(place);
            return {
                view,
                start: () => showRecording(place, run, Number(choice.value), "run" + number),
            };
        }
        view.append(place);
        return { view, start: () => showRecording(place, run, 0, "run" + number) };
    };

    // ---- A comparison ----

    const comparisonCard = (comparison) => {
        const value = (unit, number) =>
            unit === "ms"
                ? time(number * 1e6)
                : unit === "bytes"
                  ? bytes(number)
                  : count(Math.round(number));
        const sides = data.runs.map((run) => run.title);
        const rows = comparison.measures.map((measure) => [
            measure.name.replace(/_/g, " "),
            value(measure.unit, measure.stock),
            value(measure.unit, measure.terrier),
            measure.ratio === null ? "-" : measure.ratio.toFixed(2),
        ]);
        const runs = comparison.measures.length > 0 ? comparison.measures[0].runs : 0;
        const differ = comparison.outputs_equal
            ? null
            : element("p", { class: "warn" }, "Their outputs differ.");
        const residents = Terrier.charts.residents(data.runs);
        return {
            card: card(
                "Side by side",
                element(
                    "p",
                    { class: "soft" },
                    `Medians of ${count(runs)} runs on each side, in turn; ` +
                        "the charts are of one more run each."
                ),
                differ,
                Terrier.table(["", sides[0], sides[1], "ratio"], rows, [1, 2, 3]),
                residents ? element("h3", {}, "Resident memory") : null,
                residents ? residents.figure : null
            ),
            drawing: residents ? residents.drawing : null,
        };
    };

    // ---- All of it ----

    const command = data.runs[0].command;
    document.title = baseName(command[0]) + " on Terrier";
    const shown = command.join(" ");
    const two = data.runs.filter((run) => run.recordings.length > 0).length > 1;
    page.className = two ? "two" : "";
    page.replaceChildren(
        element(
            "header",
            {},
            element("h1", {}, baseName(command[0])),
            element(
                "p",
                { class: "command soft" },
                shown.length > 400 ? shown.slice(0, 400) + "…" : shown
            ),
            element("p", { class: "soft" }, `terrier ${data.terrier}, ${data.made}`)
        )
    );
    const comparison = data.comparison ? comparisonCard(data.comparison) : null;
    if (comparison) page.append(comparison.card);
    const views = data.runs.map(runView);
    page.append(
        element(
            "div",
            { class: two ? "runs two" : "runs" },
            views.map((made) => made.view)
        )
    );
    if (comparison && comparison.drawing) comparison.drawing.again();
    views.forEach((made) => made.start());

    // ---- When the light, the width or the paper changes ----

    const again = () => Terrier.drawings.forEach((drawing) => drawing.again());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
    let waiting = 0;
    new ResizeObserver(() => {
        clearTimeout(waiting);
        waiting = setTimeout(() => {
            if (Terrier.drawings.some((drawing) => drawing.holder.clientWidth !== drawing.width))
                again();
        }, 60);
    }).observe(page);
    const paper = (on) => {
        document.documentElement.classList.toggle("paper", on);
        page.style.width = on ? "680px" : "";
        again();
    };
    addEventListener("beforeprint", () => paper(true));
    addEventListener("afterprint", () => paper(false));
})();
