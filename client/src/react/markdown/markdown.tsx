"use client";
/**
 * A message's Markdown as React elements: nothing of it is ever read as HTML. Each text stands in an element of its own,
 * so that it is replaced whole: a browser that translates the page puts elements where React has left text.
 */

import { type ReactNode, memo, useMemo } from "react";

import { type Block, readBlocks } from "./blocks.js";
import { type Inline, readInline } from "./inline.js";

export const Markdown = memo(function Markdown({ text }: { text: string }) {
  const blocks = useMemo(() => readBlocks(text), [text]);
  return <div className="tutorstream-text">{blocks.map(showBlock)}</div>;
});

function showBlock(block: Block, index: number): ReactNode {
  switch (block.kind) {
    case "paragraph":
      return (
        <p key={index} dir="auto">
          <Line text={block.text} />
        </p>
      );
    case "heading":
      return <Heading key={index} level={block.level} text={block.text} />;
    case "code":
      return (
        <pre key={index} dir="ltr">
          <code data-language={block.language || undefined}>{block.text}</code>
        </pre>
      );
    case "quote":
      return (
        <blockquote key={index} dir="auto">
          {block.blocks.map(showBlock)}
        </blockquote>
      );
    case "list":
      return <List key={index} start={block.start} items={block.items} />;
    case "rule":
      return <hr key={index} />;
  }
}

/** Below the headings of the page that the chat is in. */
function Heading({ level, text }: { level: number; text: string }) {
  return (
    <p dir="auto" role="heading" aria-level={Math.min(6, level + 2)} className="tutorstream-heading">
      <strong>
        <Line text={text} />
      </strong>
    </p>
  );
}

function List({ start, items }: { start: number | null; items: readonly (readonly Block[])[] }) {
  const rows = items.map((blocks, index) => (
    <li key={index} dir="auto">
      {blocks.map((block, at) => (at === 0 && block.kind === "paragraph" ? <Line key={at} text={block.text} /> : showBlock(block, at)))}
    </li>
  ));
  return start === null ? <ul dir="auto">{rows}</ul> : <ol dir="auto" start={start}>{rows}</ol>;
}

/** Read again only when it has changed: the growing end of a reply is short. */
const Line = memo(function Line({ text }: { text: string }) {
  return <>{readInline(text).map(showInline)}</>;
});

function showInline(node: Inline, index: number): ReactNode {
  switch (node.kind) {
    case "text":
      return <span key={index}>{node.text}</span>;
    case "code":
      return <code key={index} dir="ltr">{node.text}</code>;
    case "strong":
      return <strong key={index}>{node.children.map(showInline)}</strong>;
    case "emphasis":
      return <em key={index}>{node.children.map(showInline)}</em>;
    case "link":
      return (
        <a key={index} href={node.address} target="_blank" rel="noopener noreferrer">
          {node.children.map(showInline)}
        </a>
      );
    case "break":
      return <br key={index} />;
  }
}
