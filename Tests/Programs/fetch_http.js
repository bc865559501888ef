// Prints the SHA-256 of what a URL gives, by node's http.
const hash = require("crypto").createHash("sha256");
require("http").get(process.argv[2], (response) => {
  response.on("data", (piece) => hash.update(piece));
  response.on("end", () => console.log(hash.digest("hex")));
});
