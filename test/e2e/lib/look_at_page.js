// SPDX-License-Identifier: MIT
// Put into a copy of a page by test/e2e/terrier_page.sh: what a browser has drawn, as JSON in an
// element, when the page has come to rest and each slider was moved.
"use strict";
(() => {
    const drawnPixels = (canvas) => {
        const all = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
        let count = 0;
        for (let i = 3; i < all.length; i += 4) if (all[i] !== 0) count++;
        return count;
    };
    const steps = () =>
        document.querySelectorAll("input[type=range]").forEach((slider) => {
            for (const value of [slider.min, slider.max, Math.floor(slider.max / 2)]) {
                slider.value = value;
                slider.dispatchEvent(new Event("input"));
            }
        });
    const tell = () => {
        const said = document.createElement("pre");
        said.id = "looked";
        said.textContent = JSON.stringify({
            errors: window.lookedErrors,
            canvases: [...document.querySelectorAll("canvas")].map(drawnPixels),
            maps: [...document.querySelectorAll(".map svg")].map(
                (svg) => svg.querySelectorAll("path").length
            ),
            treemaps: [...document.querySelectorAll("svg")]
                .filter((svg) => !svg.closest(".map"))
                .map((svg) => svg.querySelectorAll("rect").length),
            unnamed: [...document.querySelectorAll("svg, .chart, select, input, button")].filter(
                (one) => !one.getAttribute("aria-label") && !one.textContent
            ).length,
            stepped: [...document.querySelectorAll("input[type=range]")].map((one) =>
                one.getAttribute("aria-valuetext")
            ),
            wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
            title: document.title,
            heading: document.querySelector("h1").textContent,
            bold: document.querySelectorAll("header b, option b, td b").length,
            text: document.body.innerText.length,
        });
        document.body.append(said);
    };
    addEventListener("load", () =>
        setTimeout(() => {
            steps();
            setTimeout(tell, 200);
        }, 300)
    );
})();
