// Find the http and https links of texts with several linkers from npm.
// Standard input: a JSON array of texts. Standard output: a JSON object with the links of each text by linker.
import { readFileSync } from "node:fs";
import Autolinker from "autolinker";
import LinkifyIt from "linkify-it";
import { find } from "linkifyjs";
import twitter from "twitter-text";

const linkify = new LinkifyIt();
const urlsOnly = { email: false, phone: false, hashtag: false, mention: false };
const linkers = {
  "linkify-it": (text) => (linkify.match(text) ?? []).map((match) => match.raw),
  linkifyjs: (text) => find(text, "url").map((match) => match.value),
  autolinker: (text) => Autolinker.parse(text, urlsOnly).map((match) => match.getMatchedText()),
  "twitter-text": (text) => twitter.extractUrls(text),
  "phpList's expression": (text) => text.match(/https?:\/\/[^\s>},]+/g) ?? [],
};

const texts = JSON.parse(readFileSync(0, "utf-8"));
const links = {};
for (const [name, findUrls] of Object.entries(linkers))
  links[name] = texts.map((text) => findUrls(text).filter((url) => /^https?:\/\//i.test(url)));
process.stdout.write(JSON.stringify(links));
