#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/ops/arithmetic.h"
#include "engine/ops/unary.h"
#include "tests/engine/c/handles.h"
#include "tests/temporary_folder.h"

namespace quern::tests {
namespace {

using testing::HasSubstr;

const quern_stream s = {-1, {QUERN_CPU, 0}};

/// What a callback works with: how often it was called, and a factor.
struct Payload {
  int calls = 0;
  int destroyed = 0;
  float factor = 1;
};

/// {factor * x^2}.
int scaled_square(quern_vector_array* out, quern_vector_array inputs, void* payload) {
  auto* p = static_cast<Payload*>(payload);
  ++p->calls;
  CArray x, y;
  return quern_vector_array_get(&x, inputs, 0) || quern_square(&y, x, s) ||
         quern_multiply(&y, y, c_array(array(p->factor)), s) || quern_vector_array_from(out, &y, 1);
}

class CTransforms : public testing::Test {
 protected:
  CTransforms() {
    payload_.factor = 3;
    EXPECT_EQ(quern_closure_from(&f_, scaled_square, &payload_,
                                 [](void* p) { ++static_cast<Payload*>(p)->destroyed; }),
              0);
  }

  Payload payload_;
  CClosure f_;
  const CArrays two_ = c_arrays({array(2.0f)});
  const CArrays one_ = c_arrays({array(1.0f)});
};

TEST_F(CTransforms, ClosuresAreCalledAndLetGoOnce) {
  CArrays out;
  ASSERT_EQ(quern_closure_apply(&out, f_, two_), 0) << quern_last_error();
  EXPECT_EQ(element(out, 0).item<float>(), 12);
  quern_closure g{};
  ASSERT_EQ(quern_checkpoint(&g, f_), 0);
  quern_closure_free(std::exchange(f_.handle, quern_closure{}));
  EXPECT_EQ(payload_.destroyed, 0);
  ASSERT_EQ(quern_closure_apply(&out, g, two_), 0);
  quern_closure_free(g);
  quern_vector_array_free(std::exchange(out.handle, quern_vector_array{}));
  EXPECT_EQ(payload_.destroyed, 1);
  EXPECT_EQ(payload_.calls, 2);
}

TEST_F(CTransforms, Derivatives) {
  CArrays outputs, others;
  ASSERT_EQ(quern_vjp(&outputs, &others, f_, two_, one_), 0) << quern_last_error();
  EXPECT_EQ(element(outputs, 0).item<float>(), 12);
  EXPECT_EQ(element(others, 0).item<float>(), 12);
  ASSERT_EQ(quern_jvp(&outputs, &others, f_, c_arrays({array(5.0f)}), one_), 0);
  EXPECT_EQ(element(others, 0).item<float>(), 30);

  const int first = 0;
  CClosure gradient, second;
  ASSERT_EQ(quern_grad(&gradient, f_, &first, 1), 0);
  ASSERT_EQ(quern_grad(&second, gradient, &first, 1), 0);
  ASSERT_EQ(quern_closure_apply(&outputs, second, two_), 0) << quern_last_error();
  EXPECT_EQ(element(outputs, 0).item<float>(), 6);
}

TEST_F(CTransforms, VmapAndCompile) {
  CClosure mapped, compiled;
  CArrays out;
  const CArrays several = c_arrays({array({1.0f, 2.0f, 3.0f})});
  ASSERT_EQ(quern_vmap(&mapped, f_, nullptr, 0, nullptr, 0), 0);
  ASSERT_EQ(quern_closure_apply(&out, mapped, several), 0) << quern_last_error();
  EXPECT_EQ(element(out, 0).shape(), (Shape{3}));

  ASSERT_EQ(quern_compile(&compiled, f_, false), 0);
  payload_.calls = 0;
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(quern_closure_apply(&out, compiled, several), 0) << quern_last_error();
    array y = element(out, 0);
    y.eval();
    EXPECT_EQ(y.data<float>()[2], 27);
  }
  EXPECT_EQ(payload_.calls, 1);
  EXPECT_EQ(quern_set_compile_mode(quern_compile_mode(7)), 1);
}

TEST_F(CTransforms, CustomRules) {
  quern_closure_vjp vjp{};
  quern_closure_jvp jvp{};
  quern_closure_vmap vmap{};
  // A gradient of 100 times the cotangent, a tangent of 50 times, and a vmap that negates.
  ASSERT_EQ(quern_closure_vjp_from(
                &vjp,
                [](quern_vector_array* out, quern_vector_array, quern_vector_array cotangents,
                   quern_vector_array, void*) {
                  const array g = element(cotangents, 0) * 100.0f;
                  const CArrays made = c_arrays({g});
                  return quern_vector_array_set(out, made);
                },
                nullptr, nullptr),
            0);
  ASSERT_EQ(quern_closure_jvp_from(
                &jvp,
                [](quern_vector_array* out, quern_vector_array, quern_vector_array tangents,
                   const int* argnums, size_t count, void*) {
                  EXPECT_EQ(count, 1u);
                  EXPECT_EQ(argnums[0], 0);
                  return quern_vector_array_set(out, c_arrays({element(tangents, 0) * 50.0f}));
                },
                nullptr, nullptr),
            0);
  ASSERT_EQ(quern_closure_vmap_from(
                &vmap,
                [](quern_vector_array* out, int* out_axes, size_t room, quern_vector_array inputs,
                   const int* axes, size_t count, void*) {
                  EXPECT_EQ(count, 1u);
                  EXPECT_GT(room, 0u);
                  out_axes[0] = axes[0];
                  return quern_vector_array_set(out, c_arrays({negative(element(inputs, 0))}));
                },
                nullptr, nullptr),
            0);
  CClosure custom, mapped;
  CArrays outputs, others;
  ASSERT_EQ(quern_custom_function(&custom, f_, vjp, jvp, vmap), 0) << quern_last_error();
  ASSERT_EQ(quern_vjp(&outputs, &others, custom, two_, one_), 0) << quern_last_error();
  EXPECT_EQ(element(others, 0).item<float>(), 100);
  ASSERT_EQ(quern_jvp(&outputs, &others, custom, two_, one_), 0) << quern_last_error();
  EXPECT_EQ(element(others, 0).item<float>(), 50);
  ASSERT_EQ(quern_vmap(&mapped, custom, nullptr, 0, nullptr, 0), 0);
  ASSERT_EQ(quern_closure_apply(&outputs, mapped, c_arrays({array({4.0f, 5.0f})})), 0)
      << quern_last_error();
  array y = element(outputs, 0);
  y.eval();
  EXPECT_EQ(y.data<float>()[1], -5);
  ASSERT_EQ(quern_custom_vjp(&custom, f_, vjp), 0);
  EXPECT_EQ(quern_custom_vjp(&custom, f_, quern_closure_vjp{}), 1);
  quern_closure_vjp_free(vjp);
  quern_closure_jvp_free(jvp);
  quern_closure_vmap_free(vmap);
}

TEST_F(CTransforms, WhatACallbackSaysWentWrongIsTheError) {
  CClosure failing, silent, empty;
  CArrays out;
  ASSERT_EQ(quern_closure_from(
                &failing,
                [](quern_vector_array*, quern_vector_array, void*) {
                  quern_set_last_error("no such thing");
                  return 1;
                },
                nullptr, nullptr),
            0);
  EXPECT_EQ(quern_closure_apply(&out, failing, two_), 1);
  EXPECT_STREQ(quern_last_error(), "no such thing");
  ASSERT_EQ(quern_closure_from(
                &silent, [](quern_vector_array*, quern_vector_array, void*) { return 1; }, nullptr,
                nullptr),
            0);
  EXPECT_EQ(quern_closure_apply(&out, silent, two_), 1);
  EXPECT_THAT(quern_last_error(), HasSubstr("returned an error"));
  ASSERT_EQ(quern_closure_from(
                &empty, [](quern_vector_array*, quern_vector_array, void*) { return 0; }, nullptr,
                nullptr),
            0);
  EXPECT_EQ(quern_vjp(&out, &out, empty, two_, one_), 1);
  EXPECT_THAT(quern_last_error(), HasSubstr("no outputs"));
  // An operation that fails within a callback: its text comes through.
  ASSERT_EQ(quern_closure_from(
                &failing,
                [](quern_vector_array* o, quern_vector_array inputs, void*) -> int {
                  CArray x;
                  return quern_vector_array_get(&x, inputs, 9) || quern_vector_array_from(o, &x, 1);
                },
                nullptr, nullptr),
            0);
  EXPECT_EQ(quern_closure_apply(&out, failing, two_), 1);
  EXPECT_THAT(quern_last_error(), HasSubstr("element 9"));
  EXPECT_EQ(quern_closure_from(&failing, nullptr, nullptr, nullptr), 1);
}

TEST_F(CTransforms, FunctionsGoToFilesAndComeBack) {
  TemporaryFolder folder;
  const std::string file = (folder.path() / "f.qfn").string();
  ASSERT_EQ(quern_export_function(file.c_str(), f_, two_, false, "what it is"), 0)
      << quern_last_error();
  Owned<quern_imported_function, quern_imported_function_free> imported;
  CString metadata;
  const char* text = nullptr;
  CArrays out;
  CClosure again;
  ASSERT_EQ(quern_import_function(&imported, file.c_str()), 0) << quern_last_error();
  EXPECT_EQ(quern_imported_function_metadata(&metadata, imported), 0);
  EXPECT_EQ(quern_string_data(&text, metadata), 0);
  EXPECT_STREQ(text, "what it is");
  EXPECT_EQ(quern_imported_function_apply(&out, imported, c_arrays({array(5.0f)})), 0);
  EXPECT_EQ(element(out, 0).item<float>(), 75);
  EXPECT_EQ(quern_imported_function_apply(&out, imported, c_arrays({array({1.0f, 2.0f})})), 1);
  ASSERT_EQ(quern_closure_from_imported(&again, imported), 0);
  CArrays gradients;
  ASSERT_EQ(quern_vjp(&out, &gradients, again, two_, one_), 0) << quern_last_error();
  EXPECT_EQ(element(gradients, 0).item<float>(), 12);
  EXPECT_EQ(quern_import_function(&imported, "/nowhere/f.qfn"), 1);
}

TEST_F(CTransforms, FunctionsOfNamedArraysGoToFilesToo) {
  TemporaryFolder folder;
  const std::string file = (folder.path() / "f.qfn").string();
  quern_closure_kwargs f{};
  ASSERT_EQ(quern_closure_kwargs_from(
                &f,
                [](quern_vector_array* out, quern_vector_array args, quern_map_array kwargs,
                   void*) -> int {
                  CArray x, b;
                  return quern_vector_array_get(&x, args, 0) ||
                         quern_map_array_get(&b, kwargs, "b") || quern_add(&x, x, b, s) ||
                         quern_vector_array_from(out, &x, 1);
                },
                nullptr, nullptr),
            0);
  CArrayMap named;
  ASSERT_EQ(quern_map_array_new(&named), 0);
  ASSERT_EQ(quern_map_array_insert(named, "b", c_array(array(10.0f))), 0);
  quern_exporter exporter{};
  ASSERT_EQ(quern_exporter_new_kwargs(&exporter, file.c_str(), f, false, nullptr), 0);
  ASSERT_EQ(quern_exporter_apply_kwargs(exporter, two_, named), 0) << quern_last_error();
  ASSERT_EQ(quern_exporter_close(exporter), 0);
  quern_exporter_free(exporter);
  quern_closure_kwargs_free(f);
  Owned<quern_imported_function, quern_imported_function_free> imported;
  CArrays out;
  ASSERT_EQ(quern_import_function(&imported, file.c_str()), 0) << quern_last_error();
  ASSERT_EQ(quern_imported_function_apply_kwargs(&out, imported, two_, named), 0)
      << quern_last_error();
  EXPECT_EQ(element(out, 0).item<float>(), 12);
}

}  // namespace
}  // namespace quern::tests
