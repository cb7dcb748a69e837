/** `+0:20`, `+12:05`, `+1:02:03`: after the beginning; days in front where there are any (`+1 d 0:12:00`). */
export function offset(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const two = (value: number): string => String(value).padStart(2, '0');
  const [days, hours, minutes] = [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3600) % 24,
    Math.floor(seconds / 60) % 60,
  ];
  const rest = two(seconds % 60);
  if (days > 0) return `+${days} d ${hours}:${two(minutes)}:${rest}`;
  return hours > 0 ? `+${hours}:${two(minutes)}:${rest}` : `+${minutes}:${rest}`;
}
