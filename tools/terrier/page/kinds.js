// SPDX-License-Identifier: MIT
// What lives, by kind and size: a treemap (squarified) as SVG.
"use strict";
Terrier.kinds = (() => {
    const { element, bytes, count } = Terrier;
    const hues = [212, 150, 32, 275, 330, 185, 55, 5, 240, 100];

    const sizeName = (most) => (most === 0 ? "larger" : "≤ " + bytes(most).replace(/\.0+ /, " "));

    // Kinds, the largest first, each with its sizes.
    const grouped = (recording, snapshot) => {
        const kinds = new Map();
        snapshot.kinds.forEach((kind, i) => {
            if (!kinds.has(kind))
                kinds.set(kind, {
                    name: recording.kinds[kind] || "kind " + kind,
                    bytes: 0,
                    objects: 0,
                    sizes: [],
                });
            const one = kinds.get(kind);
            one.bytes += snapshot.sizes[i];
            one.objects += snapshot.objects[i];
            one.sizes.push({
                most: snapshot.most[i],
                bytes: snapshot.sizes[i],
                objects: snapshot.objects[i],
            });
        });
        const list = [...kinds.values()].sort((a, b) => b.bytes - a.bytes);
        list.forEach((kind) => kind.sizes.sort((a, b) => b.bytes - a.bytes));
        return list;
    };

    const worst = (row, side) => {
        const sum = Terrier.sum(row);
        return Math.max(
            (side * side * row[0]) / (sum * sum),
            (sum * sum) / (side * side * row[row.length - 1])
        );
    };

    // Rectangles with these areas in the box, near to squares. Bruls, Huizing and van Wijk, 2000.
    const squarify = (items, box) => {
        const total = Terrier.sum(items.map((item) => item.bytes));
        const scale = total > 0 ? (box.width * box.height) / total : 0;
        const made = [];
        let { x, y, width, height } = box,
            at = 0;
        while (at < items.length) {
            const side = Math.max(Math.min(width, height), 1e-6);
            const row = [Math.max(items[at].bytes * scale, 1e-6)];
            let next = at + 1;
            while (next < items.length) {
                const longer = row.concat(Math.max(items[next].bytes * scale, 1e-6));
                if (worst(longer, side) > worst(row, side)) break;
                row.push(longer[longer.length - 1]);
                next++;
            }
            const thick = Terrier.sum(row) / side;
            let along = 0;
            row.forEach((area, i) => {
                const length = area / thick;
                made.push(
                    width >= height
                        ? { item: items[at + i], x, y: y + along, width: thick, height: length }
                        : { item: items[at + i], x: x + along, y, width: length, height: thick }
                );
                along += length;
            });
            if (width >= height) {
                x += thick;
                width -= thick;
            } else {
                y += thick;
                height -= thick;
            }
            at = next;
        }
        return made;
    };

    const cut = (text, width) => {
        const room = Math.floor((width - 8) / 7.2);
        return text.length <= room ? text : room < 4 ? "" : text.slice(0, room - 1) + "…";
    };

    const paintCell = (cell, hue, step, said) => {
        const dark = Terrier.isDark();
        const light = dark ? 26 + 5 * (step % 4) : 86 - 6 * (step % 4);
        const label =
            `${cell.item.name}${sizeName(cell.item.most)}: ${bytes(cell.item.bytes)} in ` +
            `${count(cell.item.objects)} objects`;
        const group = element(
            "g",
            {},
            element(
                "rect",
                {
                    x: cell.x,
                    y: cell.y,
                    width: Math.max(cell.width - 1, 0.5),
                    height: Math.max(cell.height - 1, 0.5),
                    fill: `hsl(${hue} ${dark ? 38 : 55}% ${light}%)`,
                },
                element("title", {}, label)
            )
        );
        if (cell.height > 18)
            group.append(
                element(
                    "text",
                    { x: cell.x + 4, y: cell.y + 13 },
                    cut(sizeName(cell.item.most), cell.width)
                )
            );
        if (cell.height > 34)
            group.append(
                element(
                    "text",
                    { x: cell.x + 4, y: cell.y + 28, class: "label" },
                    cut(bytes(cell.item.bytes), cell.width)
                )
            );
        group.addEventListener("pointerenter", () => {
            said.textContent = label;
        });
        return group;
    };

    const paint = (holder, said, list, width) => {
        const height = Math.max(Math.min(width * 0.55, 340), 200),
            head = 18;
        const label =
            "What lives, by kind and size: " +
            list
                .slice(0, 4)
                .map((kind) => `${kind.name} ${bytes(kind.bytes)}`)
                .join(", ");
        const svg = element("svg", {
            viewBox: `0 0 ${width} ${height}`,
            role: "img",
            "aria-label": label,
        });
        squarify(list, { x: 0, y: 0, width, height }).forEach((box, i) => {
            const hue = hues[i % hues.length],
                kind = box.item;
            const named = box.height > head + 10 && box.width > 34;
            if (named)
                svg.append(
                    element(
                        "text",
                        { x: box.x + 4, y: box.y + 13, "font-weight": 600 },
                        cut(`${kind.name}, ${bytes(kind.bytes)}`, box.width)
                    )
                );
            const inner = {
                x: box.x,
                y: box.y + (named ? head : 0),
                width: box.width - 2,
                height: box.height - (named ? head : 0) - 2,
            };
            const sizes = kind.sizes.map((size) => Object.assign({ name: kind.name + ", " }, size));
            squarify(sizes, inner).forEach((cell, step) =>
                svg.append(paintCell(cell, hue, step, said))
            );
        });
        holder.replaceChildren(svg);
    };

    // A view that shows() a snapshot which has counts.
    const view = (recording) => {
        const holder = element("div"),
            said = element("p", { class: "said" });
        const figure = element("figure", {}, holder, said);
        const table = element("details", { class: "skip" });
        let list = [];
        const drawing = Terrier.draw(holder, (width) => {
            if (list.length > 0) paint(holder, said, list, width);
        });
        const show = (snapshot) => {
            list = grouped(recording, snapshot);
            const rows = list.flatMap((kind) =>
                kind.sizes.map((size) => [
                    kind.name,
                    sizeName(size.most),
                    count(size.objects),
                    bytes(size.bytes),
                ])
            );
            const objects = count(Terrier.sum(snapshot.objects));
            said.textContent =
                `After collection ${count(snapshot.collection)}: ` +
                `${bytes(Terrier.sum(snapshot.sizes))} in ${objects} objects.`;
            table.replaceChildren(
                element("summary", {}, "As a table"),
                Terrier.table(["Kind", "Size", "Objects", "Bytes"], rows, [2, 3])
            );
            drawing.again();
        };
        return { element: element("div", {}, figure, table), show, drawing };
    };

    return { view };
})();
