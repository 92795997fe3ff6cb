// The command that prints what a view shows.

export function SameCommand({ command }: { readonly command: string }) {
  return (
    <p class="command">
      The same as a command: <code>{command}</code>
    </p>
  );
}
