import type * as z from 'zod';

type Frozen<T> = T extends readonly (infer E)[]
  ? readonly Frozen<E>[]
  : T extends object
    ? { readonly [K in keyof T]: Frozen<T[K]> }
    : T;

type Same<A, B> = (<T>() => T extends Frozen<A> ? 1 : 2) extends <T>() => T extends Frozen<B> ? 1 : 2 ? true : false;

/**
 * Holds a zod schema to a type of the model at compile time: `matching<NetworkSpec>()(z.strictObject({…}))` does not
 * compile unless the schema's output is that type, a missing optional key included (`readonly` aside). Returns the schema.
 */
export function matching<Model>(): <S extends z.ZodType>(
  schema: S & (Same<z.output<S>, Model> extends true ? unknown : 'the schema and the model type differ'),
) => S {
  return (schema) => schema;
}
