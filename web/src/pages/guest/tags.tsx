export const split_tags = (text: string | undefined) =>
  (text ?? '').split(/[;,\s]+/).filter(Boolean);

export function Tags({ text }: { text: string | undefined }) {
  const tags = split_tags(text);
  if (tags.length === 0) return <>–</>;
  return (
    <span className="row wrap">
      {tags.map((tag) => (
        <span className="tag" key={tag}>
          {tag}
        </span>
      ))}
    </span>
  );
}
