/**
 * JSON in printable ASCII without `<`, `>`, `&` and `'`: it passes virsh's parser as one quoted word, and stands in XML
 * without any escape.
 */
export function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[^ -~]|[<>&']/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
