// SPDX-License-Identifier: MIT
// The map of the heap's blocks, at one snapshot after another, as SVG. A block keeps its place.
"use strict";
Terrier.blocks = (() => {
    const { element, bytes, count } = Terrier;
    const data = Terrier.data;
    const full = 7,
        sparse = 2; // of seven: what is fragmented has at most so much in it
    const empty = 3; // the first states have nothing in them
    const parts = new Set(["young", "old", "cells"]);

    const decode = (snapshot) => {
        const tiles = [];
        let at = 0;
        snapshot.starts.forEach((start, i) => {
            for (let j = 0; j < snapshot.tiles[i]; j++, at++) {
                const byte = parseInt(snapshot.map.substr(2 * at, 2), 16);
                tiles.push({
                    block: start + j * snapshot.gather,
                    blocks: snapshot.gather,
                    space: snapshot.spaces[i],
                    state: byte & 15,
                    full: (byte >> 4) & 7,
                    pinned: byte >> 7,
                });
            }
        });
        return tiles;
    };

    const isFragmented = (tile) =>
        data.states[tile.state] &&
        parts.has(data.states[tile.state][0]) &&
        tile.full > 0 &&
        tile.full <= sparse;

    // Rows of all snapshots, by space and address, with the blocks of each.
    const rowsOf = (all, blocksInRow) => {
        const found = new Map();
        all.forEach((tiles) =>
            tiles.forEach((tile) => {
                const row = Math.floor(tile.block / blocksInRow);
                found.set(tile.space + ":" + row, { space: tile.space, row });
            })
        );
        return [...found.values()].sort((a, b) => a.space - b.space || a.row - b.row);
    };

    const gatherOf = (recording) =>
        Terrier.most(recording.snapshots.map((snapshot) => snapshot.gather)) || 1;

    // Where each row is, from above; the names of spaces are put between them.
    const placeRows = (svg, recording, all, grid) => {
        const places = new Map();
        let y = 0;
        let space = null;
        rowsOf(all, grid.blocks).forEach((row) => {
            if (row.space !== space) {
                space = row.space;
                y += y > 0 ? 6 : 0;
                const name = recording.spaces[space] || "other spaces";
                svg.append(element("text", { x: 0, y: y + 12, class: "label" }, name));
                y += 17;
            }
            places.set(row.space + ":" + row.row, y);
            y += grid.size;
        });
        return { places, height: Math.max(y, 20) };
    };

    const box = (x, y, width, height) => {
        const [left, top, wide, tall] = [x, y, width, height].map((n) => n.toFixed(1));
        return `M${left} ${top}h${wide}v${tall}h-${wide}z`;
    };

    // All tiles of a state are one path, filled lightly, and what is full of them another.
    const pathsOf = (tiles, places, grid) => {
        const made = { ground: {}, fill: {}, holes: "", pins: "", spots: [] };
        tiles.forEach((tile) => {
            const row = Math.floor(tile.block / grid.blocks);
            const top = places.get(tile.space + ":" + row);
            const left = ((tile.block - row * grid.blocks) / grid.gather) * grid.size;
            const wide = Math.max((tile.blocks / grid.gather) * grid.size - 0.8, 0.4);
            const tall = grid.size - 0.8;
            const high = (tile.full / full) * tall;
            const add = (paths, path) => (paths[tile.state] = (paths[tile.state] || "") + path);
            add(made.ground, box(left, top, wide, tall));
            if (high > 0) add(made.fill, box(left, top + tall - high, wide, high));
            if (isFragmented(tile)) made.holes += box(left, top, wide, 1.4);
            if (tile.pinned) made.pins += box(left + wide / 2 - 1, top + tall / 2 - 1, 2.2, 2.2);
            made.spots.push({ left, top, right: left + wide, tile });
        });
        return made;
    };

    const shadeOf = (state) => state[1].split(" ")[Terrier.isDark() ? 1 : 0];

    const appendPaths = (svg, paths) => {
        data.states.forEach((state, i) => {
            const fill = shadeOf(state);
            const opacity = i < empty ? 1 : 0.3;
            if (paths.ground[i])
                svg.append(element("path", { d: paths.ground[i], fill, "fill-opacity": opacity }));
            if (paths.fill[i]) svg.append(element("path", { d: paths.fill[i], fill }));
        });
        if (paths.holes) svg.append(element("path", { d: paths.holes, fill: "var(--other)" }));
        if (paths.pins) svg.append(element("path", { d: paths.pins, fill: "var(--ink)" }));
    };

    const paint = (holder, recording, all, tiles, caption, width, said) => {
        const columns = width < 520 ? 32 : width < 860 ? 64 : 128;
        const gather = gatherOf(recording);
        const size = Math.max(Math.floor((width / columns) * 2) / 2, 4);
        const grid = { size, gather, blocks: columns * gather };
        const svg = element("svg", { role: "img", "aria-label": caption });
        const { places, height } = placeRows(svg, recording, all, grid);
        const paths = pathsOf(tiles, places, grid);
        const across = columns * size;
        appendPaths(svg, paths);
        svg.setAttribute("viewBox", `0 0 ${across} ${height}`);
        svg.style.maxWidth = across + "px";
        svg.addEventListener("pointermove", (event) => {
            const place = svg.getBoundingClientRect();
            const x = ((event.clientX - place.left) * across) / place.width;
            const y = ((event.clientY - place.top) * across) / place.width;
            const spot = paths.spots.find(
                (one) => x >= one.left && x <= one.right && y >= one.top && y <= one.top + size
            );
            if (spot) said.textContent = describe(recording, spot.tile);
        });
        holder.replaceChildren(svg);
    };

    const describe = (recording, tile) => {
        const state = data.states[tile.state] || ["?", "", ""];
        const address = (BigInt(tile.block) * BigInt(data.block)).toString(16);
        const many = tile.blocks > 1 ? tile.blocks + " blocks, most " : "";
        const percent = Math.round((tile.full / full) * 100);
        return (
            `0x${address}, ${recording.spaces[tile.space] || "other"}: ` +
            `${many}${state[0]} (${state[2]}), ${percent} % full` +
            (tile.pinned ? ", pinned objects" : "")
        );
    };

    const moments = { before: "Before", after: "After", last: "At the end, after" };
    const momentName = (snapshot) =>
        `${moments[snapshot.moment]} collection ${count(snapshot.collection)}`;

    const legend = (snapshot, tiles) => {
        const rows = data.states
            .map((state, i) => [state, snapshot.parcels[i]])
            .filter(([state, number]) => number > 0)
            .map(([state, number]) => [
                shadeOf(state),
                `${state[0].replace("_", " ")} ${count(number)}`,
            ]);
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
        const holder = element("div", { class: "map" }),
            rows = element("div");
        const caption = element("p", { class: "said", "aria-live": "polite" }),
            said = element("p", { class: "said" });
        let at = all.length - 1;
        const text = () => {
            const snapshot = recording.snapshots[at];
            const blocks = Terrier.sum(snapshot.parcels);
            return (
                `${momentName(snapshot)}, at ${(snapshot.time / 1e9).toFixed(3)} s: ` +
                `${count(blocks)} blocks of ${bytes(data.block).replace(/\.0+ /, " ")}, ` +
                `${bytes(snapshot.bytes)} of objects.` +
                (snapshot.gather > 1 ? ` A tile is ${snapshot.gather} blocks.` : "") +
                (snapshot.left_out > 0 ? ` ${count(snapshot.left_out)} blocks had no room.` : "")
            );
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
        return {
            element: element("figure", {}, steps.element, caption, holder, rows, said),
            go: steps.go,
            at: () => at,
            drawing,
        };
    };

    return { view, momentName };
})();
