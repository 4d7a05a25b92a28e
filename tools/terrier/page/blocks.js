// SPDX-License-Identifier: MIT
// The map of the heap's blocks, at one snapshot after another, as SVG. A block keeps its place.
"use strict";
Terrier.blocks = (() => {
    const { element, bytes, count } = Terrier;
    const data = Terrier.data;
    const full = 7, sparse = 2; // of seven: what is fragmented has at most so much in it
    const parts = new Set(["young", "old", "cells"]);

    const decode = (snapshot) => {
        const tiles = [];
        let at = 0;
        snapshot.starts.forEach((start, i) => {
            for (let j = 0; j < snapshot.tiles[i]; j++, at++) {
                const byte = parseInt(snapshot.map.substr(2 * at, 2), 16);
                tiles.push({ block: start + j * snapshot.gather, blocks: snapshot.gather,
                    space: snapshot.spaces[i], state: byte & 15, full: (byte >> 4) & 7, pinned: byte >> 7 });
            }
        });
        return tiles;
    };

    const isFragmented = (tile) => data.states[tile.state] && parts.has(data.states[tile.state][0])
        && tile.full > 0 && tile.full <= sparse;

    // Rows of all snapshots, by space and address, with the blocks of each.
    const rowsOf = (all, blocksInRow) => {
        const found = new Map();
        all.forEach((tiles) => tiles.forEach((tile) => {
            const row = Math.floor(tile.block / blocksInRow);
            found.set(tile.space + ":" + row, { space: tile.space, row });
        }));
        return [...found.values()].sort((a, b) => a.space - b.space || a.row - b.row);
    };

    const paint = (holder, recording, all, tiles, caption, width, said) => {
        const columns = width < 520 ? 32 : width < 860 ? 64 : 128;
        const size = Math.max(Math.floor(width / columns * 2) / 2, 4);
        const gather = Terrier.most(recording.snapshots.map((snapshot) => snapshot.gather)) || 1;
        const places = new Map();
        const svg = element("svg", { role: "img", "aria-label": caption });
        let y = 0, space = null;
        rowsOf(all, columns * gather).forEach((row) => {
            if (row.space !== space) {
                space = row.space;
                y += y > 0 ? 6 : 0;
                svg.append(element("text", { x: 0, y: y + 12, class: "label" },
                    recording.spaces[space] || "other spaces"));
                y += 17;
            }
            places.set(row.space + ":" + row.row, y);
            y += size;
        });
        const ground = data.states.map(() => ""), fill = data.states.map(() => "");
        let holes = "", pins = "";
        const spots = [];
        tiles.forEach((tile) => {
            const row = Math.floor(tile.block / (columns * gather));
            const top = places.get(tile.space + ":" + row);
            const left = (tile.block - row * columns * gather) / gather * size;
            const wide = Math.max(tile.blocks / gather * size - .8, .4), tall = size - .8;
            const high = tile.full / full * tall;
            ground[tile.state] += `M${left.toFixed(1)} ${top.toFixed(1)}h${wide.toFixed(1)}v${tall.toFixed(1)}h-${wide.toFixed(1)}z`;
            if (high > 0)
                fill[tile.state] += `M${left.toFixed(1)} ${(top + tall - high).toFixed(1)}h${wide.toFixed(1)}v${high.toFixed(1)}h-${wide.toFixed(1)}z`;
            if (isFragmented(tile))
                holes += `M${left.toFixed(1)} ${(top + .5).toFixed(1)}h${wide.toFixed(1)}`;
            if (tile.pinned)
                pins += `M${(left + wide / 2 - 1).toFixed(1)} ${(top + tall / 2 - 1).toFixed(1)}h2.2v2.2h-2.2z`;
            spots.push({ left, top, right: left + wide, tile });
        });
        data.states.forEach((state, i) => {
            const shade = state[1].split(" ")[Terrier.isDark() ? 1 : 0];
            if (ground[i])
                svg.append(element("path", { d: ground[i], fill: shade, "fill-opacity": i < 3 ? 1 : .3 }));
            if (fill[i])
                svg.append(element("path", { d: fill[i], fill: shade }));
        });
        if (holes)
            svg.append(element("path", { d: holes, fill: "none", stroke: "var(--other)", "stroke-width": 1.4 }));
        if (pins)
            svg.append(element("path", { d: pins, fill: "var(--ink)" }));
        const high = Math.max(y, 20), across = columns * size;
        svg.setAttribute("viewBox", `0 0 ${across} ${high}`);
        svg.style.maxWidth = across + "px";
        svg.addEventListener("pointermove", (event) => {
            const box = svg.getBoundingClientRect(), scale = across / box.width;
            const px = (event.clientX - box.left) * scale, py = (event.clientY - box.top) * scale;
            const spot = spots.find((one) => px >= one.left && px <= one.right && py >= one.top && py <= one.top + size);
            if (spot)
                said.textContent = describe(recording, spot.tile);
        });
        holder.replaceChildren(svg);
    };

    const describe = (recording, tile) => {
        const state = data.states[tile.state] || ["?", "", ""];
        return `0x${(BigInt(tile.block) * BigInt(data.block)).toString(16)}, ${recording.spaces[tile.space] || "other"}: `
            + `${tile.blocks > 1 ? tile.blocks + " blocks, most " : ""}${state[0]} (${state[2]}), `
            + `${Math.round(tile.full / full * 100)} % full${tile.pinned ? ", pinned objects" : ""}`;
    };

    const momentName = (snapshot) => snapshot.moment === "last"
        ? `At the end, after collection ${count(snapshot.collection)}`
        : `${snapshot.moment === "before" ? "Before" : "After"} collection ${count(snapshot.collection)}`;

    const legend = (snapshot, tiles) => {
        const rows = data.states.map((state, i) => [state, snapshot.parcels[i]])
            .filter(([state, number]) => number > 0)
            .map(([state, number]) => [`${state[1].split(" ")[Terrier.isDark() ? 1 : 0]}`,
                `${state[0].replace("_", " ")} ${count(number)}`]);
        const fragmented = Terrier.sum(tiles.filter(isFragmented).map((tile) => tile.blocks));
        if (fragmented > 0)
            rows.push(["var(--other)", `fragmented (less than a third full) ${count(fragmented)}`]);
        if (snapshot.pinned > 0)
            rows.push(["var(--ink)", `with pinned objects ${count(snapshot.pinned)}`]);
        return Terrier.legend(rows);
    };

    // A view of all snapshots; `shown` is told which one.
    const view = (recording, shown) => {
        const all = recording.snapshots.map(decode);
        const holder = element("div", { class: "map" }), rows = element("div");
        const caption = element("p", { class: "said", "aria-live": "polite" }), said = element("p", { class: "said" });
        let at = all.length - 1;
        const text = () => {
            const snapshot = recording.snapshots[at];
            const blocks = Terrier.sum(snapshot.parcels);
            return `${momentName(snapshot)}, at ${(snapshot.time / 1e9).toFixed(3)} s: `
                + `${count(blocks)} blocks of ${bytes(data.block).replace(/\.0+ /, " ")}, `
                + `${bytes(snapshot.bytes)} of objects.`
                + (snapshot.gather > 1 ? ` A tile is ${snapshot.gather} blocks.` : "")
                + (snapshot.left_out > 0 ? ` ${count(snapshot.left_out)} blocks had no room.` : "");
        };
        const drawing = Terrier.draw(holder, (width) => {
            paint(holder, recording, all, all[at], text(), width, said);
            rows.replaceChildren(legend(recording.snapshots[at], all[at]));
        });
        const steps = Terrier.stepper("snapshot", all.length, at, (index) => {
            at = index;
            caption.textContent = text();
            drawing.again();
            shown(index);
            return caption.textContent;
        });
        caption.textContent = text();
        return { element: element("figure", {}, steps.element, caption, holder, rows, said), go: steps.go, at: () => at, drawing };
    };

    return { view, momentName };
})();
