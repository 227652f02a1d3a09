// The workbench's own script: each module adds one thing, and every page works without them.
import "./sheet.js";
import "./toasts.js";
import "./copy.js";
import "./times.js";
import "./live.js";
import "./anchors.js";
import "./rows.js";
import "./focus.js";
import "./tabs.js";
import "./rail.js";
import "./picking.js";
import "./query.js";
import "./keys.js";
import "./palette.js";
import "./charts.js";
