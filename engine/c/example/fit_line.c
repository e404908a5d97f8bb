/* Fits y = slope * x + offset to noisy points by gradient descent, and saves what it found.
 *
 *   fit_line FILE.safetensors
 */

#include <stdio.h>
#include <stdlib.h>

#include "engine/c/quern.h"

/* Ends the program when a call has failed. */
static void check(int failed) {
  if (!failed) return;
  fprintf(stderr, "fit_line: %s\n", quern_last_error());
  exit(1);
}

/* The points, which the loss reads beside its inputs. */
struct points {
  quern_array x, y;
};

/* The mean of (slope * x + offset - y)^2, as a function of slope and offset. */
static int loss(quern_vector_array* out, quern_vector_array inputs, void* payload) {
  const struct points* p = payload;
  const quern_stream s = quern_stream_default();
  quern_array slope = {0}, offset = {0}, error = {0};
  const int failed =
      quern_vector_array_get(&slope, inputs, 0) || quern_vector_array_get(&offset, inputs, 1) ||
      quern_multiply(&error, slope, p->x, s) || quern_add(&error, error, offset, s) ||
      quern_subtract(&error, error, p->y, s) || quern_square(&error, error, s) ||
      quern_mean(&error, error, false, s) || quern_vector_array_from(out, &error, 1);
  quern_array_free(slope);
  quern_array_free(offset);
  quern_array_free(error);
  return failed;
}

/* x evenly in [-1, 1], y = 3 x - 0.5 and a little noise. */
static struct points make_points(int n) {
  const quern_stream s = quern_stream_default();
  struct points p = {{0}, {0}};
  quern_array factor = {0}, noise = {0}, key = {0};
  check(quern_linspace(&p.x, -1, 1, n, true, QUERN_FLOAT32, s));
  check(quern_random_key(&key, 7));
  check(quern_random_normal(&noise, &n, 1, QUERN_FLOAT32, 0, 0.01f, key, s));
  check(quern_array_from_float(&factor, 3));
  check(quern_multiply(&p.y, p.x, factor, s));
  check(quern_array_from_float(&factor, 0.5f));
  check(quern_subtract(&p.y, p.y, factor, s));
  check(quern_add(&p.y, p.y, noise, s));
  quern_array_free(factor);
  quern_array_free(noise);
  quern_array_free(key);
  return p;
}

/* One step down the gradients; gives the loss before it. */
static float step(quern_vector_array* parameters, quern_closure_value_and_grad value_and_grad,
                  quern_array rate) {
  const quern_stream s = quern_stream_default();
  quern_vector_array values = {0}, gradients = {0}, next = {0};
  quern_array value = {0};
  float number = 0;
  check(quern_closure_value_and_grad_apply(&values, &gradients, value_and_grad, *parameters));
  check(quern_vector_array_new(&next));
  for (size_t i = 0; i < 2; ++i) {
    quern_array parameter = {0}, gradient = {0};
    check(quern_vector_array_get(&parameter, *parameters, i));
    check(quern_vector_array_get(&gradient, gradients, i));
    check(quern_multiply(&gradient, gradient, rate, s));
    check(quern_subtract(&parameter, parameter, gradient, s));
    check(quern_vector_array_append(next, parameter));
    quern_array_free(parameter);
    quern_array_free(gradient);
  }
  check(quern_eval(next));
  check(quern_vector_array_set(parameters, next));
  check(quern_vector_array_get(&value, values, 0));
  check(quern_array_item_float32(&number, value));
  quern_array_free(value);
  quern_vector_array_free(values);
  quern_vector_array_free(gradients);
  quern_vector_array_free(next);
  return number;
}

/* Writes both parameters by name. */
static void save(const char* file, quern_vector_array parameters) {
  static const char* const names[] = {"slope", "offset"};
  quern_map_array arrays = {0};
  quern_map_string metadata = {0};
  check(quern_map_array_new(&arrays));
  check(quern_map_string_new(&metadata));
  check(quern_map_string_insert(metadata, "made by", "fit_line"));
  for (size_t i = 0; i < 2; ++i) {
    quern_array a = {0};
    quern_string text = {0};
    const char* characters = NULL;
    check(quern_vector_array_get(&a, parameters, i));
    check(quern_array_to_string(&text, a));
    check(quern_string_data(&characters, text));
    printf("%s = %s\n", names[i], characters);
    check(quern_map_array_insert(arrays, names[i], a));
    quern_string_free(text);
    quern_array_free(a);
  }
  check(quern_save_safetensors(file, arrays, metadata));
  quern_map_array_free(arrays);
  quern_map_string_free(metadata);
}

int main(int argc, char** argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: fit_line FILE.safetensors\n");
    return 2;
  }
  struct points points = make_points(200);
  quern_closure function = {0};
  quern_closure_value_and_grad value_and_grad = {0};
  quern_array zero = {0}, rate = {0};
  quern_vector_array parameters = {0};
  check(quern_closure_from(&function, loss, &points, NULL));
  check(quern_value_and_grad(&value_and_grad, function, (const int[]){0, 1}, 2));
  check(quern_array_from_float(&zero, 0));
  check(quern_array_from_float(&rate, 0.5f));
  check(quern_vector_array_from(&parameters, (const quern_array[]){zero, zero}, 2));

  float last = 0;
  for (int i = 0; i < 50; ++i) last = step(&parameters, value_and_grad, rate);
  printf("loss = %g\n", last);
  save(argv[1], parameters);

  quern_array_free(zero);
  quern_array_free(rate);
  quern_array_free(points.x);
  quern_array_free(points.y);
  quern_vector_array_free(parameters);
  quern_closure_value_and_grad_free(value_and_grad);
  quern_closure_free(function);
  return last < 0.001f ? 0 : 1;
}
