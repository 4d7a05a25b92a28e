// SPDX-License-Identifier: MIT
// What all parts of the page use: the data, elements, numbers for people.
"use strict";
const Terrier = { data: JSON.parse(document.getElementById("data").textContent) };

// An element with attributes and children; a text is never taken for markup.
Terrier.element = (name, attributes, ...children) => {
    const space = Terrier.element.svg.has(name) ? "http://www.w3.org/2000/svg" : null;
    const made = space ? document.createElementNS(space, name) : document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {}))
        if (value !== null && value !== undefined && value !== false)
            made.setAttribute(key, value === true ? "" : value);
    made.append(...children.flat().filter((child) => child !== null && child !== undefined));
    return made;
};
Terrier.element.svg = new Set(["svg", "g", "path", "rect", "text", "title", "desc", "circle"]);

Terrier.bytes = (bytes) => {
    const units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let unit = 0;
    while (bytes >= 1024 && unit < units.length - 1) {
        bytes /= 1024;
        unit++;
    }
    return (unit === 0 ? bytes : bytes.toFixed(bytes < 9.995 ? 2 : 1)) + " " + units[unit];
};

Terrier.time = (ns) => {
    const units = [
        [1e9, "s"],
        [1e6, "ms"],
        [1e3, "µs"],
    ];
    for (const [size, unit] of units)
        if (ns >= size) return Number((ns / size).toPrecision(3)) + " " + unit;
    return ns + " ns";
};

Terrier.count = (number) => Number(number).toLocaleString("en");
Terrier.share = (part, all) => (all > 0 ? ((100 * part) / all).toFixed(1) + " %" : "-");
Terrier.sum = (numbers) => numbers.reduce((all, number) => all + number, 0);
Terrier.most = (numbers) => numbers.reduce((most, number) => Math.max(most, number), 0);

Terrier.figure = (value, unit) =>
    unit === "ns"
        ? Terrier.time(value)
        : unit === "bytes"
          ? Terrier.bytes(value)
          : Terrier.count(value);

// A colour of the style sheet, as it is now: in the light, in the dark, on paper.
Terrier.colour = (name) =>
    getComputedStyle(document.documentElement)
        .getPropertyValue("--" + name)
        .trim();

Terrier.isDark = () =>
    !document.documentElement.classList.contains("paper") &&
    matchMedia("screen and (prefers-color-scheme: dark)").matches;

// Everything that is drawn, so that it can be drawn again in other colours or another width.
Terrier.drawings = [];
Terrier.draw = (holder, paint) => {
    const drawing = { holder, paint, width: 0 };
    drawing.again = () => {
        drawing.width = holder.clientWidth;
        if (drawing.width > 0) paint(drawing.width);
    };
    Terrier.drawings.push(drawing);
    return drawing;
};

Terrier.legend = (rows, line) =>
    Terrier.element(
        "ul",
        { class: "legend" },
        rows.map(([colour, text]) =>
            Terrier.element(
                "li",
                {},
                Terrier.element("i", {
                    style: "background:" + colour,
                    class: line ? "line" : null,
                }),
                text
            )
        )
    );

Terrier.table = (heads, rows, numbers) =>
    Terrier.element(
        "div",
        { class: "scroll" },
        Terrier.element(
            "table",
            {},
            Terrier.element(
                "thead",
                {},
                Terrier.element(
                    "tr",
                    {},
                    heads.map((head, i) =>
                        Terrier.element(
                            "th",
                            { scope: "col", class: numbers.includes(i) ? "number" : null },
                            head
                        )
                    )
                )
            ),
            Terrier.element(
                "tbody",
                {},
                rows.map((row) =>
                    Terrier.element(
                        "tr",
                        { class: row.changed ? "changed" : null },
                        row.map((cell, i) =>
                            Terrier.element(
                                "td",
                                { class: numbers.includes(i) ? "number" : null },
                                String(cell)
                            )
                        )
                    )
                )
            )
        )
    );

// Buttons and a slider that step through `count` things; `show` is told which one.
Terrier.stepper = (what, count, start, show) => {
    const slider = Terrier.element("input", {
        type: "range",
        min: 0,
        max: Math.max(count - 1, 0),
        step: 1,
        value: start,
        "aria-label": what,
    });
    const go = (index) => {
        slider.value = Math.min(Math.max(index, 0), count - 1);
        const text = show(Number(slider.value));
        if (text) slider.setAttribute("aria-valuetext", text);
    };
    const button = (text, label, by) => {
        const made = Terrier.element("button", { type: "button", "aria-label": label }, text);
        made.addEventListener("click", () => go(Number(slider.value) + by));
        return made;
    };
    slider.addEventListener("input", () => go(Number(slider.value)));
    const element = Terrier.element(
        "div",
        { class: "steps" },
        button("◀", "Previous " + what, -1),
        slider,
        button("▶", "Next " + what, 1)
    );
    return { element, go, at: () => Number(slider.value) };
};
